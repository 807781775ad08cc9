import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { pageCredit } from '@keshi/db/credit-hours';
import { coursesStudied } from '@keshi/db/study-lessons';
import { studyOverTime } from '@keshi/db/study-sessions';
import { dayOf } from '@keshi/rules/study-state';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import { reachOf } from '../ledger/reach.ts';
import { progressOf } from './progress.ts';

const day = 24 * 3_600_000;
const mostCourses = 500;

/** [E3, E4] One's own progress, and that of the learners one teaches or watches over. */
export function progressRoutes({ db, clock }: { db: Db; clock: Clock }) {
  /** The courses in which the actor may see somebody's study. `not-found` for a person of whom there is nothing to see. */
  async function seen(actor: Actor, asked: string): Promise<{ userId: string; courseIds: string[] }> {
    const userId = asked === 'me' ? actor.userId : asked;
    if (userId === actor.userId) {
      authorise(actor, 'report.read', { kind: 'person', userId, memberships: actor.memberships });
      return { userId, courseIds: await coursesStudied(db, userId) };
    }
    const { rows } = await pageCredit(db, { ...reachOf(actor), userId, limit: mostCourses });
    if (rows.length === 0) throw new AppError('not-found');
    return { userId, courseIds: rows.map(({ courseId }) => courseId) };
  }

  return {
    studyOf: bind(routes.studyOf, async ({ actor, params }) => {
      const { userId, courseIds } = await seen(actor, params.userId);
      return { courses: await progressOf(db, userId, courseIds) };
    }),

    studyTrend: bind(routes.studyTrend, async ({ actor, params, query }) => {
      const { userId, courseIds } = await seen(actor, params.userId);
      const { from = 0, to = clock() + day } = query;
      const over = await studyOverTime(db, {
        userId,
        courseIds,
        by: query.by,
        from: dayOf(from),
        // Half-open, and a day that has begun is in the range.
        to: dayOf(to + day - 1),
      });
      return {
        ...over,
        periods: over.periods.map((period) => ({
          from: Date.parse(`${period.from}T00:00:00+08:00`),
          creditedMs: period.creditedMs,
        })),
      };
    }),
  };
}
