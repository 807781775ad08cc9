/** Lessons as they are studied: their length, their policy, and who may study them. Read once for everybody in them. */
import { hasTimeline } from '@keshi/contract/study';
import { storedPolicy, storedStudyPolicy } from '@keshi/contract/policy';
import type { Db } from '@keshi/db/client';
import { getStudyLesson, type StudyLessonRow } from '@keshi/db/study-lessons';
import type { Resource } from '@keshi/rules/access';
import { resolvePolicy } from '@keshi/rules/policy';
import type { LessonFacts } from '@keshi/rules/study';
import {
  defaultStudyPolicy,
  resolveStudyPolicy,
  type StudyPolicy,
  studyPolicyProblems,
} from '@keshi/rules/study-policy';
import type { Clock } from '@keshi/runtime/clock';

export interface StudyLessonFacts {
  readonly row: StudyLessonRow;
  readonly facts: LessonFacts;
  readonly policy: StudyPolicy;
  readonly classHourMs: number;
  /** What completing it earns, ms: its length, or what it declares [WL9]. */
  readonly earnsMs: number;
}

const stored = storedPolicy.catch({});
const storedStudy = storedStudyPolicy.catch({});
/** What changes about a lesson holds within this time, ms. */
const keptMs = 15_000;
const keptLessons = 2_000;

/** How long it is as it is studied; null while there is nothing to study. */
export function lengthOf({
  kind,
  durationMs,
  minimumMs,
  declaredMs,
}: Pick<StudyLessonRow, 'kind' | 'durationMs' | 'minimumMs' | 'declaredMs'>): number | null {
  return hasTimeline(kind) ? durationMs : (minimumMs ?? declaredMs);
}

export function factsOf(row: StudyLessonRow): StudyLessonFacts | null {
  const lengthMs = lengthOf(row);
  const earnsMs = hasTimeline(row.kind) ? row.durationMs : row.declaredMs;
  if (lengthMs === null || earnsMs === null || lengthMs <= 0) return null;
  return {
    row,
    facts: { lengthMs, needsDone: !hasTimeline(row.kind) },
    policy: policyOf(row.policy),
    classHourMs: resolvePolicy(stored.parse(row.policy)).classHourMs,
    earnsMs,
  };
}

/** What cannot be used as a whole is not used in parts. */
function policyOf(given: unknown): StudyPolicy {
  const policy = resolveStudyPolicy(storedStudy.parse(given));
  return studyPolicyProblems(policy).length > 0 ? defaultStudyPolicy : policy;
}

export function lessonResource(
  { orgPaths, instructorIds }: Pick<StudyLessonRow, 'orgPaths' | 'instructorIds'>,
  enrolled: boolean,
): Extract<Resource, { kind: 'lesson' }> {
  return { kind: 'lesson', orgPaths, authorIds: instructorIds, enrolled };
}

export interface StudyLessons {
  /** Null for a lesson that is not published, or has nothing to study yet. */
  of(lessonId: string): Promise<StudyLessonFacts | null>;
}

export function createStudyLessons({ db, clock }: { db: Db; clock: Clock }): StudyLessons {
  const known = new Map<string, { at: number; facts: Promise<StudyLessonFacts | null> }>();

  async function read(lessonId: string): Promise<StudyLessonFacts | null> {
    const row = await getStudyLesson(db, lessonId);
    return row?.state === 'published' ? factsOf(row) : null;
  }

  return {
    async of(lessonId) {
      const now = clock();
      const fresh = known.get(lessonId);
      if (fresh && Math.abs(now - fresh.at) < keptMs) return fresh.facts;
      const facts = read(lessonId);
      known.delete(lessonId);
      known.set(lessonId, { at: now, facts });
      const [oldest] = known.keys();
      if (known.size > keptLessons && oldest !== undefined) known.delete(oldest);
      // A failure is not kept: the next one who asks tries again.
      facts.catch(() => known.get(lessonId)?.facts === facts && known.delete(lessonId));
      return facts;
    },
  };
}
