/** The hours of one class that is over into the ledger, some learners at a time. */
import { storedPolicy } from '@keshi/contract/policy';
import type { HourEntryContent, LedgerEntry } from '@keshi/contract/ledger';
import {
  type DueClass,
  type LearnerOfSettlement,
  learnersToSettle,
  markSettled,
} from '@keshi/db/class-settlements';
import { outagesOfClass } from '@keshi/db/attendance-facts';
import { spansOf } from '@keshi/db/class-state';
import type { Db } from '@keshi/db/client';
import { onChains, type StoredChain } from '@keshi/db/ledger';
import { after, courseHours } from '@keshi/rules/course-hours';
import { link } from '@keshi/rules/ledger';
import { type AttendancePolicy, declaredMs, resolvePolicy } from '@keshi/rules/policy';
import { type EndedClass, sameHour, type SettledHour, settle } from '@keshi/rules/settlement';
import type { Clock } from '@keshi/runtime/clock';

/** Learners in one transaction: a class of ten thousand needs the memory and the locks of these alone. */
const batch = 50;

export interface ClassSettled {
  /** How many entries of each kind were appended. */
  settlements: number;
  corrections: number;
  /** Learners of whom something is still awaited; the class stays due for them. */
  pending: number;
}

/**
 * Appends what is not in the ledger yet or has changed since, and marks the class settled unless something of it is
 * still awaited. Doing it again, twice at once, or after it died half way appends nothing twice: every hour is compared
 * with what its chain says, while nobody else can append to it.
 */
export async function settleClass(deps: { db: Db; clock: Clock }, due: DueClass): Promise<ClassSettled> {
  const { db, clock } = deps;
  const { classId, courseId, endedAt } = due;
  const policy = resolvePolicy(storedPolicy.catch({}).parse(due.settledPolicy ?? due.coursePolicy));
  const [live, outages] = await Promise.all([spansOf(db, classId), outagesOfClass(db, classId)]);
  const of: EndedClass = { live, outages, policy, endedAt };
  const done: ClassSettled = { settlements: 0, corrections: 0, pending: 0 };
  for await (const learners of learnersToSettle(db, classId, batch)) {
    const hours = new Map<string, readonly SettledHour[]>();
    for (const learner of learners) {
      const result = settle(of, learner, clock());
      if (result.state === 'settled') hours.set(learner.userId, result.hours);
      else done.pending += 1;
    }
    const entries = await enter(db, { courseId, classId, policy, learners, hours, at: clock() });
    for (const { content } of entries)
      done[content.kind === 'correction' ? 'corrections' : 'settlements'] += 1;
  }
  if (done.pending === 0) await markSettled(db, { classId, changes: due.changes, policy, at: clock() });
  return done;
}

async function enter(
  db: Db,
  given: {
    courseId: string;
    classId: string;
    policy: AttendancePolicy;
    learners: readonly LearnerOfSettlement[];
    hours: ReadonlyMap<string, readonly SettledHour[]>;
    at: number;
  },
): Promise<LedgerEntry[]> {
  const learnerIds = given.learners.map(({ userId }) => userId).filter((userId) => given.hours.has(userId));
  if (learnerIds.length === 0) return [];
  return onChains(db, { learnerIds, courseId: given.courseId }, (chains) => {
    const entries = [...chains].flatMap(([learnerId, chain]) =>
      newEntries(chain, { ...given, learnerId, hours: given.hours.get(learnerId) ?? [] }),
    );
    return { entries, result: entries };
  });
}

function newEntries(
  chain: StoredChain,
  given: {
    learnerId: string;
    courseId: string;
    classId: string;
    policy: AttendancePolicy;
    hours: readonly SettledHour[];
    at: number;
  },
): LedgerEntry[] {
  const { learnerId, courseId, classId, policy, at } = given;
  let { head } = chain;
  let course = courseHours(chain.entries);
  const added: LedgerEntry[] = [];
  for (const { endedAt: earnedAt, ...hour } of given.hours) {
    const known = latestOf(chain.entries, classId, hour.hour);
    if (known && sameHour(hour, known.content)) continue;
    const revision = (known?.content.revision ?? 0) + 1;
    const content: HourEntryContent = known
      ? { kind: 'correction', ...hour, classId, revision, corrects: known.seq, cause: 'late-facts' }
      : { kind: 'settlement', ...hour, classId, revision };
    const draft = { content, earnedAt, capMs: declaredMs(policy) };
    const next = after(course, (head?.seq ?? 0) + 1, draft);
    const entry = link(head, {
      learnerId,
      courseId,
      key: `class:${classId}:${hour.hour}:${revision}`,
      at,
      ...draft,
      deltaMs: next.deltaMs,
      balanceMs: next.course.balanceMs,
    });
    course = next.course;
    head = entry;
    added.push(entry);
  }
  return added;
}

/** The latest word on an hour of a class as it was attended live. */
function latestOf(
  entries: readonly LedgerEntry[],
  classId: string,
  hour: number,
): { seq: number; content: HourEntryContent } | null {
  for (const { seq, content } of [...entries].reverse()) {
    if (content.kind !== 'settlement' && content.kind !== 'correction') continue;
    if (content.source === 'live' && content.classId === classId && content.hour === hour)
      return { seq, content };
  }
  return null;
}
