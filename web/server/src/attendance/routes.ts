import type { BoardRow, ClassState, CountedNow } from '@keshi/contract/domain';
import type { ClassReport } from '@keshi/contract/http/classes';
import { routes } from '@keshi/contract/http/routes';
import type { ClassRow } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { maskName } from '@keshi/db/crypto';
import { getUser } from '@keshi/db/users';
import { type Actor, can } from '@keshi/rules/access';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { classResource, findClass } from '../classes/class-access.ts';
import { peopleReach } from '../people-reach.ts';
import type { Summaries } from '../classes/summaries.ts';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import type { AuditNote } from '../http/call.ts';
import type { ResultsReader } from './class-results.ts';
import { toCsv } from './csv.ts';
import { layOut } from './sheet.ts';
import { words } from './sheet-words.ts';
import { type XlsxWriter, xlsxType } from './xlsx.ts';

interface Deps {
  db: Db;
  clock: Clock;
  summaries: Summaries;
  results: ResultsReader;
  xlsx: XlsxWriter;
}

type Audit = (note: AuditNote) => Promise<void>;

export function attendanceRoutes({ db, clock, summaries, results, xlsx }: Deps) {
  /** The report, names masked unless asked otherwise and permitted; a reading of full names is logged first. */
  async function reportOf(
    actor: Actor,
    id: string,
    { unmask, reason = '' }: { unmask: boolean; reason?: string | undefined },
    audit: Audit,
  ): Promise<ClassReport> {
    const { row } = await findClass(db, actor, id, 'report.read');
    if (unmask) await demandUnmask(actor, row, audit);
    const found = await results.of(id, peopleReach(actor, 'report.read', classResource(row)));
    if (!found) throw new AppError('not-found');
    if (unmask)
      await audit({
        action: 'report.unmasked',
        targetType: 'class',
        targetId: id,
        orgPath: row.orgPaths[0],
        detail: { people: found.rows.length, reason },
      });
    return {
      ...found,
      class: await summaries.ofOne(actor, row),
      rows: unmask ? found.rows : found.rows.map((one) => ({ ...one, name: maskName(one.name) })),
    };
  }

  /** Who may not is refused, and that he tried is on the log as well. */
  async function demandUnmask(actor: Actor, row: ClassRow, audit: Audit): Promise<void> {
    if (!can(actor, 'personal.unmask', classResource(row)))
      await audit({
        action: 'personal.unmask-refused',
        targetType: 'class',
        targetId: row.id,
        orgPath: row.orgPaths[0],
      });
    authorise(actor, 'personal.unmask', classResource(row));
  }

  return {
    report: bind(routes.report, ({ actor, params, query, audit }) =>
      reportOf(actor, params.id, query, audit),
    ),

    reportFile: bind(
      routes.reportFile,
      async ({ actor, params, query, audit }) => {
        const { row } = await findClass(db, actor, params.id, 'class.export');
        const report = await reportOf(actor, params.id, query, audit);
        const exporter = await getUser(db, actor.userId);
        const sheet = layOut(report, query.lang, {
          name: exporter?.name ?? '',
          at: clock(),
          unmasked: query.unmask,
        });
        await audit({
          action: 'report.exported',
          targetType: 'class',
          targetId: params.id,
          orgPath: row.orgPaths[0],
          detail: { format: params.format, unmasked: query.unmask, people: report.rows.length },
        });
        const name = `${words[query.lang].title} ${row.courseTitle} ${row.ordinal}.${params.format}`;
        return params.format === 'csv'
          ? { name, type: 'text/csv; charset=utf-8', content: toCsv(sheet) }
          : { name, type: xlsxType, content: await xlsx.write(sheet) };
      },
      { limit: 'export' },
    ),

    timeline: bind(routes.timeline, async ({ actor, params }) => {
      const userId = params.userId === 'me' ? actor.userId : params.userId;
      const own = userId === actor.userId;
      const { row: about } = await findClass(db, actor, params.id, own ? 'class.attend' : 'report.read');
      const reach = own ? null : peopleReach(actor, 'report.read', classResource(about));
      const found = await results.of(params.id, reach);
      const row = found?.rows.find((one) => one.userId === userId);
      if (!found || !row) throw new AppError('not-found');
      return {
        counted: countedOf(row, found.totals.state, found.totals.at),
        liveMs: row.liveMs,
        rate: row.rate,
        minimumRate: found.totals.minimumRate,
        settling: found.settling,
        spans: row.timeline,
        quiz: { asked: row.quizAsked, answered: row.quizAnswered, correct: row.quizCorrect },
      };
    }),
  };
}

/** The learner's chip by the record: what has counted, up to when that is known, and why it does or does not now. */
function countedOf(row: BoardRow, state: ClassState, at: number): CountedNow {
  const reason = reasonNow(row, state);
  const counting = reason === 'counting';
  return {
    countedMs: row.presentMs,
    asOf: counting ? (row.timeline.at(-1)?.to ?? at) : at,
    counting,
    reason,
    since: row.since,
  };
}

function reasonNow(row: BoardRow, state: ClassState): CountedNow['reason'] {
  switch (state) {
    case 'scheduled':
      return 'not-started';
    case 'paused':
      return 'paused';
    case 'ended':
    case 'cancelled':
      return 'ended';
    case 'live':
      break;
  }
  switch (row.state) {
    case 'present':
      return 'counting';
    case 'away':
      return 'hidden';
    case 'offline':
      // The last thing known of him says why; who was never there is absent.
      return row.timeline.findLast((span) => span.kind === 'absent')?.reason ?? 'disconnected';
  }
}
