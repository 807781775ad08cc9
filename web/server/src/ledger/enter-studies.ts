/**
 * Lessons that are complete, into the ledger [CH1, CH2, CH5, WL3, WL9]. Doing it again, twice at once, or after it died
 * half way enters nothing twice: each completion has a key of its own in its learner's chain.
 */
import type { LedgerContent, LedgerEntry } from '@keshi/contract/ledger';
import { storedPolicy } from '@keshi/contract/policy';
import { parseSegmentName, playable, viewPrefix } from '@keshi/contract/recordings';
import { settlementOf } from '@keshi/db/class-settlements';
import { spansOf } from '@keshi/db/class-state';
import type { Db } from '@keshi/db/client';
import { onChains } from '@keshi/db/ledger';
import { getStudyLesson } from '@keshi/db/study-lessons';
import { type DueStudy, dueStudies, keyOf, markEntered, readStudies } from '@keshi/db/study-progress';
import { after, courseHours } from '@keshi/rules/course-hours';
import type { Spans } from '@keshi/rules/intervals';
import { link } from '@keshi/rules/ledger';
import { lessonEntry, replayEntry } from '@keshi/rules/lesson-credit';
import { declaredMs, resolvePolicy } from '@keshi/rules/policy';
import { type WatchedHour, watchedHours } from '@keshi/rules/replay-study';
import type { Clock } from '@keshi/runtime/clock';
import type { Logger } from '@keshi/runtime/log';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { retryPauseMs } from '@keshi/runtime/retry';
import { factsOf } from '../study/lessons.ts';
import { readState } from '../study/stored-state.ts';

export interface StudyEntering {
  /** Enters what is due now. Whoever holds the lease calls it. */
  enterDue(stopping: AbortSignal): Promise<void>;
}

export interface StudyEnteringDeps {
  db: Db;
  clock: Clock;
  mediaStore: Pick<MediaStore, 'list'>;
  log: Logger;
  entered: (count: number) => void;
  failed: () => void;
}

const policyJson = storedPolicy.catch({});
const piece = 200;
const longestPauseMs = 10 * 60_000;

export function createStudyEntering(deps: StudyEnteringDeps): StudyEntering {
  const { db, clock, mediaStore, log } = deps;
  /** By completion: one that cannot be entered holds up no other. */
  const failures = new Map<string, { count: number; until: number }>();

  /** How many entries it made; null while it has to wait for something else. */
  async function enter(due: DueStudy): Promise<number | null> {
    const [[held], row] = await Promise.all([readStudies(db, [due]), getStudyLesson(db, due.lessonId)]);
    const lesson = row && factsOf(row);
    if (!held || !lesson || held.study.version !== due.version) return 0;
    const { coverage } = readState(held.study.state);
    const { classId, policy } = lesson.row;
    const hours = classId === null ? null : await hoursWatched(classId, coverage);
    if (hours === 'waits') return null;
    const { userId: learnerId, courseId, completedAt: earnedAt } = due;
    const capMs = declaredMs(resolvePolicy(policyJson.parse(policy)));
    return onChains<number>(db, { learnerIds: [learnerId], courseId }, (chains) => {
      const chain = chains.get(learnerId) ?? { head: null, entries: [], known: new Set<string>() };
      const round = 1 + chain.entries.filter(({ content }) => content.kind === 'reversal').length;
      let { head } = chain;
      let course = courseHours(chain.entries);
      const entries: LedgerEntry[] = [];
      const append = (key: string, content: LedgerContent) => {
        if (chain.entries.some((one) => one.key === key)) return;
        const draft = { content, earnedAt, capMs };
        const next = after(course, (head?.seq ?? 0) + 1, draft);
        const { deltaMs } = next;
        const { balanceMs } = next.course;
        const entry = link(head, { learnerId, courseId, key, at: clock(), ...draft, deltaMs, balanceMs });
        head = entry;
        course = next.course;
        entries.push(entry);
      };
      const { lessonId } = due;
      if (classId === null || hours === null) {
        const timed = !lesson.facts.needsDone;
        const content = lessonEntry({ lessonId, round, coverage, earnsMs: lesson.earnsMs, timed });
        append(`lesson:${lessonId}:${round}`, content);
      } else
        for (const hour of hours)
          append(`replay:${classId}:${hour.hour}:${round}`, replayEntry(course, classId, hour, round));
      return { entries, result: entries.length, also: (sql) => markEntered(sql, due) };
    });
  }

  /** What of each class hour was watched; `waits` until the class itself is settled. */
  async function hoursWatched(classId: string, coverage: Spans): Promise<readonly WatchedHour[] | 'waits'> {
    const settlement = await settlementOf(db, classId);
    if (!settlement?.settled) return 'waits';
    const [stored, live] = await Promise.all([
      mediaStore.list(viewPrefix(classId, 'main')),
      spansOf(db, classId),
    ]);
    return watchedHours(coverage, {
      recorded: playable(stored.flatMap(({ name }) => parseSegmentName(name) ?? [])),
      live: live.flatMap(({ from, to }) => (to === null ? [] : [{ from, to }])),
      policy: resolvePolicy(policyJson.parse(settlement.policy)),
    });
  }

  return {
    async enterDue(stopping) {
      const now = clock();
      for (const due of await dueStudies(db, piece)) {
        if (stopping.aborted) return;
        const key = keyOf(due);
        if ((failures.get(key)?.until ?? 0) > now) continue;
        const wait = (count: number) =>
          failures.set(key, { count, until: clock() + retryPauseMs(count + 3, longestPauseMs) });
        const count = (failures.get(key)?.count ?? 0) + 1;
        try {
          const entered = await enter(due);
          if (entered === null) wait(count);
          else failures.delete(key);
          if (!entered) continue;
          deps.entered(entered);
          log.info({ lessonId: due.lessonId, entered }, 'a completed lesson entered');
        } catch (error) {
          wait(count);
          deps.failed();
          log.warn(
            { err: error, lessonId: due.lessonId, count },
            'a lesson could not be entered, trying again',
          );
        }
      }
    },
  };
}
