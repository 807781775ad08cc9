/**
 * What people decide about a learner's hours in a course [CH3]: both functions append the entry, what was written to it
 * and the audit log's line in one transaction, and do nothing the second time.
 */
import type { LedgerContent, LedgerEntry, ReversalGround, RestorationGround } from '@keshi/contract/ledger';
import { storedPolicy } from '@keshi/contract/policy';
import type { Db, Sql } from '@keshi/db/client';
import { getCourse } from '@keshi/db/courses';
import { Refused } from '@keshi/db/failures';
import { type LedgerWrite, onChains, type StoredChain } from '@keshi/db/ledger';
import { notify } from '@keshi/db/notices';
import { after, type CourseHours, courseHours, isEligible, violations } from '@keshi/rules/course-hours';
import { link } from '@keshi/rules/ledger';
import { declaredMs, resolvePolicy } from '@keshi/rules/policy';
import type { Clock } from '@keshi/runtime/clock';
import { studyAfterDecision } from '../study/reversal.ts';

interface Deps {
  db: Db;
  clock: Clock;
}

export interface HoursDecision {
  learnerId: string;
  courseId: string;
  /** Who decided; that he may is the caller's to check. */
  by: string;
  /** The incident or appeal that says more, or a fresh id for a decision by hand. The same id decides once. */
  evidenceId: string;
  /** In words, kept sealed beside the ledger. Empty when the incident holds it. */
  text: string;
  /** Of the person who decided, for the audit log. */
  address: string;
  /** What becomes true together with it, in the same transaction; when it throws nothing is decided. */
  also?: (sql: Sql, decided: HoursDecided) => Promise<void>;
}

export interface HoursDecided {
  /** Of the entry in the learner's chain. */
  seq: number;
  deltaMs: number;
  balanceMs: number;
  /** Confirmed violations that stand now; from the second on the course is not eligible for subsidy. */
  violations: number;
  eligible: boolean;
  /** It had been decided before, and nothing was done now. */
  already: boolean;
}

/** A confirmed violation: all hours of the learner in the course are taken back. Throws `Refused` `not-found` without that course. */
export function reverseCourseHours(
  deps: Deps,
  decision: HoursDecision & { ground: ReversalGround },
): Promise<HoursDecided> {
  const { by, evidenceId, ground } = decision;
  return decide(deps, decision, {
    key: `reversal:${evidenceId}`,
    action: 'hours.reversed',
    notice: 'hours-reversed',
    contentOf: () => ({ kind: 'reversal', by, evidenceId, ground }),
  });
}

/**
 * A granted appeal, or a mistake: one reversal is taken back, so that the union of what was and what is counts. Throws
 * `Refused` `not-found` when the learner has no such reversal in the course.
 */
export function restoreCourseHours(
  deps: Deps,
  decision: HoursDecision & { ground: RestorationGround; reversal: number },
): Promise<HoursDecided> {
  const { by, evidenceId, ground, reversal } = decision;
  return decide(deps, decision, {
    key: `restoration:${reversal}`,
    action: 'hours.restored',
    notice: 'hours-restored',
    contentOf: ({ entries }) => {
      if (!entries.some(({ seq, content }) => seq === reversal && content.kind === 'reversal'))
        throw new Refused('not-found', 'reversal');
      return { kind: 'restoration', by, evidenceId, ground, reversal };
    },
  });
}

async function decide(
  { db, clock }: Deps,
  decision: HoursDecision & { ground: string },
  way: {
    key: string;
    action: string;
    notice: 'hours-reversed' | 'hours-restored';
    contentOf: (chain: StoredChain) => LedgerContent;
  },
): Promise<HoursDecided> {
  const { learnerId, courseId, by, evidenceId, text, address, ground, also } = decision;
  const course = await getCourse(db, courseId);
  if (!course) throw new Refused('not-found', 'course');
  const policy = resolvePolicy(storedPolicy.catch({}).parse(course.policy));
  const of = { learnerIds: [learnerId], courseId, keys: [way.key] };
  let content: LedgerContent | null = null;
  return onChains<HoursDecided>(db, of, (chains) => {
    const chain = chains.get(learnerId);
    if (!chain) throw new Refused('not-found', 'learner');
    const before = courseHours(chain.entries);
    const known = chain.entries.find(({ key }) => key === way.key);
    if (known) return written({ ...outcome(before, known), already: true });
    // Decided once, about another course: the same evidence cannot speak of two.
    if (chain.known.has(way.key)) throw new Refused('conflict', 'decision', ['evidenceId']);
    const at = clock();
    content = way.contentOf(chain);
    const draft = { content, earnedAt: at, capMs: declaredMs(policy) };
    const next = after(before, (chain.head?.seq ?? 0) + 1, draft);
    const entry = link(chain.head, {
      learnerId,
      courseId,
      key: way.key,
      at,
      ...draft,
      deltaMs: next.deltaMs,
      balanceMs: next.course.balanceMs,
    });
    return {
      decisions: text === '' ? [] : [{ id: evidenceId, byId: by, text }],
      audit: [
        {
          actorId: by,
          orgPath: course.orgPath,
          action: way.action,
          targetType: 'user',
          targetId: learnerId,
          detail: { courseId, ground, evidenceId, seq: entry.seq, seconds: Math.trunc(next.deltaMs / 1000) },
          address,
        },
      ],
      ...written({ ...outcome(next.course, entry), already: false }, async (sql) =>
        notify(sql, {
          userId: learnerId,
          at,
          key: way.key,
          content: { kind: way.notice, courseTitle: course.title },
        }),
      ),
      entries: [entry],
    };
  });

  function written(result: HoursDecided, tell?: (sql: Sql) => Promise<void>): LedgerWrite<HoursDecided> {
    return {
      entries: [],
      result,
      also: async (sql) => {
        await tell?.(sql);
        // Lessons can be earned anew, or count again, from the same commit on [CH3].
        if (content && !result.already)
          await studyAfterDecision(sql, {
            userId: learnerId,
            courseId,
            seq: result.seq,
            content,
            at: clock(),
          });
        await also?.(sql, result);
      },
    };
  }
}

function outcome(course: CourseHours, { seq, deltaMs }: LedgerEntry): Omit<HoursDecided, 'already'> {
  return {
    seq,
    deltaMs,
    balanceMs: course.balanceMs,
    violations: violations(course),
    eligible: isEligible(course),
  };
}
