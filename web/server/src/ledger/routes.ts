import type { LearnerCredit } from '@keshi/contract/http/ledger';
import { routes } from '@keshi/contract/http/routes';
import type { LedgerRootsFile } from '@keshi/contract/ledger';
import type { Db } from '@keshi/db/client';
import { getCourse } from '@keshi/db/courses';
import {
  creditOverTime,
  coursesOf,
  type CreditFilter,
  type CreditRow,
  pageCredit,
} from '@keshi/db/credit-hours';
import { maskName } from '@keshi/db/crypto';
import { pageEntries } from '@keshi/db/ledger';
import { pageRoots, readRoots } from '@keshi/db/ledger-roots';
import { getUser } from '@keshi/db/users';
import type { Actor } from '@keshi/rules/access';
import { defaultPolicy } from '@keshi/rules/policy';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { toCsv } from '../attendance/csv.ts';
import { type XlsxWriter, xlsxType } from '../attendance/xlsx.ts';
import { bind } from '../http/bind.ts';
import { listScopes } from '../scopes.ts';
import { restoreCourseHours, reverseCourseHours } from './course-hours.ts';
import { courseCredit } from './credit-rows.ts';
import { hoursTitle, layOutHours } from './hours-sheet.ts';
import { ledgerLines } from './ledger-lines.ts';
import { reachOf } from './reach.ts';

interface Deps {
  db: Db;
  clock: Clock;
  xlsx: XlsxWriter;
  /** Public keys of the roots, raw in base64, by their id. */
  publicKeys: Readonly<Record<string, string>>;
}

const day = 24 * 3_600_000;
const shanghai = 8 * 3_600_000;
const farFuture = Date.UTC(9999, 0);
/** Rows of one sheet; a sheet beyond this is asked for course by course. */
const sheetMost = 20_000;
const pageSize = 500;

export function ledgerRoutes({ db, clock, xlsx, publicKeys }: Deps) {
  /**
   * The courses in which the actor may see somebody's hours: all of one's own. `not-found` for a person of whom there is
   * nothing to see, so that nobody learns who exists by asking.
   */
  async function seen(
    actor: Actor,
    asked: string,
    range: { from?: number | undefined; to?: number | undefined } = {},
  ): Promise<{ userId: string; own: boolean; courses: CreditRow[] }> {
    const userId = asked === 'me' ? actor.userId : asked;
    const own = userId === actor.userId;
    if (own) {
      authorise(actor, 'report.read', { kind: 'person', userId, memberships: actor.memberships });
      return { userId, own, courses: await coursesOf(db, userId, range) };
    }
    const { rows } = await pageCredit(db, { ...reachOf(actor), userId, limit: pageSize, ...range });
    if (rows.length === 0) throw new AppError('not-found');
    return { userId, own, courses: rows };
  }

  async function rowsOf(filter: CreditFilter): Promise<{ total: number; rows: LearnerCredit[] }> {
    const { total, rows } = await pageCredit(db, filter);
    return {
      total,
      rows: rows.map((row) => ({
        userId: row.userId,
        name: maskName(row.name),
        login: row.login,
        ...courseCredit(row),
      })),
    };
  }

  /** Staff decides about the hours of a learner in a course of their institution. */
  async function demandDecision(actor: Actor, userId: string, courseId: string): Promise<void> {
    const course = await getCourse(db, courseId);
    if (!course) throw new AppError('not-found');
    authorise(actor, 'hours.decide', { kind: 'course', orgPaths: [course.orgPath], authorIds: [] });
    const { total } = await pageCredit(db, { under: course.orgPath, userId, courseId, limit: 1 });
    if (total === 0) throw new AppError('not-found');
  }

  return {
    hoursOf: bind(routes.hoursOf, async ({ actor, params, query }) => {
      const { userId, own, courses } = await seen(actor, params.userId, query);
      const courseIds = courses.map(({ courseId }) => courseId);
      const of = { learnerId: userId, courseIds, by: 'day' as const };
      const today = Math.floor((clock() + shanghai) / day) * day - shanghai;
      const [earned, now, user] = await Promise.all([
        creditOverTime(db, { ...of, from: query.from ?? 0, to: query.to ?? farFuture }),
        creditOverTime(db, { ...of, from: today, to: today + day }),
        getUser(db, userId),
      ]);
      const name = courses[0]?.name ?? user?.name ?? '';
      return {
        userId,
        name: own ? name : maskName(name),
        courses: courses.map(courseCredit),
        days: earned.filter(({ creditedMs }) => creditedMs > 0).length,
        todayMs: now[0]?.creditedMs ?? 0,
      };
    }),

    hoursTrend: bind(routes.hoursTrend, async ({ actor, params, query }) => {
      const { userId, courses } = await seen(actor, params.userId);
      const periods = await creditOverTime(db, {
        learnerId: userId,
        courseIds: courses.map(({ courseId }) => courseId),
        by: query.by,
        from: query.from ?? 0,
        to: query.to ?? farFuture,
      });
      return { periods };
    }),

    ledgerEntries: bind(routes.ledgerEntries, async ({ actor, params, query }) => {
      const { userId, own, courses } = await seen(actor, params.userId);
      const hours = new Map(courses.map((row) => [row.courseId, courseCredit(row).classHourMs]));
      const { total, rows } = await pageEntries(db, {
        learnerId: userId,
        ...(own ? {} : { courseIds: [...hours.keys()] }),
        offset: query.offset,
        limit: query.limit,
      });
      return {
        total,
        rows: await ledgerLines(db, rows, (courseId) => hours.get(courseId) ?? defaultPolicy.classHourMs),
      };
    }),

    listHours: bind(routes.listHours, async ({ actor, query }) => {
      const { q, ...filter } = query;
      return rowsOf({ ...reachOf(actor), ...filter, query: q });
    }),

    hoursFile: bind(
      routes.hoursFile,
      async ({ actor, params, query, audit }) => {
        const { lang, q, ...filter } = query;
        const reach = reachOf(actor);
        const rows: LearnerCredit[] = [];
        for (let total = 1; rows.length < total && rows.length < sheetMost;) {
          const page = await rowsOf({
            ...reach,
            ...filter,
            query: q,
            offset: rows.length,
            limit: pageSize,
          });
          if (page.total > sheetMost) throw new AppError('too-large');
          total = page.rows.length === 0 ? 0 : page.total;
          rows.push(...page.rows);
        }
        const exporter = await getUser(db, actor.userId);
        const sheet = layOutHours(rows, lang, query, { name: exporter?.name ?? '', at: clock() });
        await audit({
          action: 'hours.exported',
          targetType: 'course',
          targetId: query.courseId ?? '',
          detail: { format: params.format, people: rows.length },
        });
        const name = `${hoursTitle(lang)}.${params.format}`;
        return params.format === 'csv'
          ? { name, type: 'text/csv; charset=utf-8', content: toCsv(sheet) }
          : { name, type: xlsxType, content: await xlsx.write(sheet) };
      },
      { limit: 'export' },
    ),

    reverseHours: bind(routes.reverseHours, async ({ actor, params, body, http }) => {
      const { userId: learnerId } = params;
      await demandDecision(actor, learnerId, body.courseId);
      const { reason: text, ...decision } = body;
      return reverseCourseHours(
        { db, clock },
        { ...decision, learnerId, by: actor.userId, text, address: http.address },
      );
    }),

    restoreHours: bind(routes.restoreHours, async ({ actor, params, body, http }) => {
      const { userId: learnerId } = params;
      await demandDecision(actor, learnerId, body.courseId);
      const { reason: text, ...decision } = body;
      return restoreCourseHours(
        { db, clock },
        { ...decision, learnerId, by: actor.userId, text, address: http.address },
      );
    }),

    listLedgerRoots: bind(routes.listLedgerRoots, async ({ actor, query }) => {
      listScopes(actor, ['ledger.export', 'org']);
      const { total, rows } = await pageRoots(db, query);
      return {
        total,
        rows: rows.map(({ day: of, madeAt, learners, entries, merkleRoot, hash, keyId }) => ({
          day: of,
          madeAt,
          learners,
          entries,
          merkleRoot,
          hash,
          keyId,
        })),
      };
    }),

    ledgerRootsFile: bind(
      routes.ledgerRootsFile,
      async ({ actor, query, audit }) => {
        listScopes(actor, ['ledger.export', 'org']);
        const file: LedgerRootsFile = {
          format: 'keshi-ledger-roots',
          version: 1,
          publicKeys: { ...publicKeys },
          roots: [],
        };
        for await (const root of readRoots(db, query)) file.roots.push(root);
        await audit({
          action: 'ledger.roots-exported',
          targetType: 'ledger',
          detail: { roots: file.roots.length },
        });
        const last = file.roots.at(-1)?.day ?? '';
        return {
          name: `keshi-ledger-roots ${last}.json`,
          type: 'application/json',
          content: JSON.stringify(file),
        };
      },
      { limit: 'export' },
    ),
  };
}
