/** The state of a lesson as it comes from the database: what is not one is our own fault, and said so. */
import { id } from '@keshi/contract/domain';
import { studyReason } from '@keshi/contract/study';
import type { StudyState } from '@keshi/rules/study-state';
import { z } from 'zod';

const ms = z.int().nonnegative();
const span = z.object({ from: ms, to: ms });
const day = z.string();

const way = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('face'), pictures: z.int().positive() }),
  z.object({
    kind: z.literal('item'),
    itemId: id,
    rest: z.array(id).default([]),
    wrong: z.boolean().default(false),
  }),
  z.object({ kind: z.literal('attend'), number: z.int(), choices: z.array(z.int()) }),
]);

const challenge = z.discriminatedUnion('state', [
  z.object({ state: z.literal('none'), afterMs: ms }),
  z.object({
    state: z.literal('pending'),
    id,
    way,
    askedAt: ms,
    deadline: ms,
    attempt: z.union([z.literal(1), z.literal(2)]),
    repeated: z.boolean(),
  }),
  z.object({
    state: z.literal('locked'),
    since: ms,
    why: z.enum(['challenge-missed', 'identity-failed']),
  }),
]);

/** Sessions from before questions were asked several at once name them alone. */
const askable = z.union([
  z.object({ id, choices: z.int().min(2) }),
  id.transform((itemId) => ({ id: itemId, choices: 2 })),
]);

const session = z.object({
  id,
  startedAt: ms,
  seq: ms,
  heardAt: ms,
  spentUpTo: ms,
  byDay: z.record(day, ms),
  elsewhere: z.object({ day, ms }),
  means: z.object({
    face: z.boolean(),
    items: z.array(askable),
    failures: z.int().nonnegative().default(0),
  }),
});

const state = z.object({
  coverage: z.array(span),
  provisional: z.array(span),
  viewedMs: ms,
  sinceFaceMs: ms,
  passed: ms,
  failures: z.int().nonnegative().default(0),
  asked: z.array(id).default([]),
  challenge,
  session: session.nullable(),
  refused: z.partialRecord(studyReason, ms),
  position: ms,
  completedAt: ms.nullable(),
  done: z.boolean(),
});

export const readState = (stored: unknown): StudyState => state.parse(stored);
