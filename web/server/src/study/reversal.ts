/** [CH3] What a decision about a learner's hours does to their lessons: earnable anew, or counted again. */
import type { LedgerContent } from '@keshi/contract/ledger';
import type { Sql } from '@keshi/db/client';
import { lockStudiesOf, storeStudies } from '@keshi/db/study-progress';
import { countedMs, givenBack, takenBack } from '@keshi/rules/study-state';
import { z } from 'zod';
import { readState } from './stored-state.ts';

const ms = z.int().nonnegative();
const takenCoverage = z.array(
  z.object({
    /** Of the reversal in the ledger. */
    seq: z.int().positive(),
    coverage: z.array(z.object({ from: ms, to: ms })),
    completedAt: ms.nullable(),
    done: z.boolean(),
  }),
);

/** In the transaction of the decision. Whoever studies meanwhile goes on from what it left. */
export async function studyAfterDecision(
  sql: Sql,
  of: { userId: string; courseId: string; seq: number; content: LedgerContent; at: number },
): Promise<void> {
  const { content, seq, at } = of;
  if (content.kind !== 'reversal' && content.kind !== 'restoration') return;
  const studies = await lockStudiesOf(sql, of);
  const writes = studies.flatMap(({ userId, lessonId, version, ...study }) => {
    const before = readState(study.state);
    const kept = takenCoverage.parse(study.taken);
    const back = content.kind === 'restoration' ? kept.filter((one) => one.seq === content.reversal) : [];
    if (content.kind === 'restoration' && back.length === 0) return [];
    const state =
      content.kind === 'reversal'
        ? takenBack(before)
        : back.reduce((next, one) => givenBack(next, one), before);
    const { coverage, completedAt, done } = before;
    const taken =
      content.kind === 'reversal'
        ? [...kept, { seq, coverage: [...coverage], completedAt, done }]
        : kept.filter((one) => !back.includes(one));
    return [
      {
        userId,
        lessonId,
        version,
        state,
        countedMs: countedMs(state),
        completedAt: state.completedAt,
        at,
        token: null,
        taken,
      },
    ];
  });
  await storeStudies({ sql }, writes);
}
