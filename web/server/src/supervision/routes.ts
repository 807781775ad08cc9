import type { BoardTotals } from '@keshi/contract/domain';
import { routes } from '@keshi/contract/http/routes';
import { type ClassRow, listClassesFor } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { maskName } from '@keshi/db/crypto';
import { countScreeningHits, listScreeningHits } from '@keshi/db/screening';
import { namesOf } from '@keshi/db/person-names';
import { type Actor, scopesOf } from '@keshi/rules/access';
import { AppError } from '@keshi/runtime/errors';
import type { ResultsReader } from '../attendance/class-results.ts';
import type { Summaries } from '../classes/summaries.ts';
import { bind } from '../http/bind.ts';
import { peopleReachOf } from '../people-reach.ts';
import { listScopes } from '../scopes.ts';
import type { BelowMinimum } from './below-minimum.ts';

interface Deps {
  db: Db;
  summaries: Summaries;
  results: ResultsReader;
  below: BelowMinimum;
}

/** As many classes as are looked through to put those first that need a person. */
const wallMost = 200;
const excerptChars = 40;

export function supervisionRoutes({ db, summaries, results, below }: Deps) {
  async function runningOf(
    actor: Actor,
    observes: string[],
    q: string,
  ): Promise<{ total: number; rows: ClassRow[] }> {
    return listClassesFor(db, {
      userId: actor.userId,
      observes,
      as: 'observer',
      state: ['live', 'paused'],
      query: q,
      limit: wallMost,
    });
  }

  return {
    supervise: bind(routes.supervise, async ({ actor, query }) => {
      const scopes = listScopes(actor, ['class.observe', 'class']);
      const { total, rows } = await runningOf(actor, scopes, query.q);
      const alerts = await countScreeningHits(
        db,
        rows.map(({ id }) => id),
      );
      const cards: { row: ClassRow; totals: BoardTotals; alerts: number }[] = [];
      // One after another: a wall of two hundred classes must not take every connection to the database at once.
      for (const row of rows) {
        const found = await results.of(row.id, peopleReachOf(scopes, row.orgPaths));
        if (found) cards.push({ row, totals: found.totals, alerts: alerts.get(row.id) ?? 0 });
      }
      cards.sort((a, b) => need(b) - need(a) || a.row.scheduledStart - b.row.scheduledStart);
      const page = cards.slice(query.offset, query.offset + query.limit);
      const about = await summaries.of(
        actor,
        page.map(({ row }) => row),
      );
      return {
        total,
        rows: page.flatMap(({ totals, alerts: n }, index) => {
          const summary = about[index];
          return summary ? [{ class: summary, totals, alerts: n }] : [];
        }),
      };
    }),

    belowMinimum: bind(routes.belowMinimum, async ({ actor, query }) => {
      const under = listScopes(actor, ['class.observe', 'class']);
      const all = await below.list(actor, under, query.by, query.q);
      return {
        total: all.length,
        rows: all
          .slice(query.offset, query.offset + query.limit)
          .map((row) => ({ ...row, name: maskName(row.name) })),
      };
    }),

    screeningHits: bind(routes.screeningHits, async ({ actor, query }) => {
      const under = scopesOf(actor, 'screening.read', 'org');
      const teaches = actor.memberships.some(({ role }) => role === 'instructor');
      if (under.length === 0 && !teaches) throw new AppError('forbidden');
      const { total, rows } = await listScreeningHits(db, {
        under,
        ...(teaches ? { taughtBy: actor.userId } : {}),
        offset: query.offset,
        limit: query.limit,
      });
      const names = await namesOf(db, [...new Set(rows.map(({ userId }) => userId))]);
      return {
        total,
        rows: rows.map(({ id, at, classId, classTitle, userId, surface, category, text, role }) => ({
          id,
          at,
          from: { userId, name: maskName(names.get(userId) ?? ''), role },
          surface,
          category,
          excerpt: text.slice(0, excerptChars),
          classId,
          classTitle,
          text,
        })),
      };
    }),
  };
}

/** How much a class needs a person: stopped texts first, then the share of learners under the minimum or gone. */
function need({ totals, alerts }: { totals: BoardTotals; alerts: number }): number {
  const people = Math.max(1, totals.expected);
  return Math.min(alerts, 5) + totals.belowAttendance / people + totals.offline / people / 2;
}
