import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { getGroup, type Group, groupsTaughtBy, teachesGroup } from '@keshi/db/groups';
import { getUser } from '@keshi/db/users';
import type { Actor } from '@keshi/rules/access';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import type { ResultsReader } from '../attendance/class-results.ts';
import { toCsv } from '../attendance/csv.ts';
import { type XlsxWriter, xlsxType } from '../attendance/xlsx.ts';
import { bind } from '../http/bind.ts';
import { peopleReach, type PeopleReach } from '../people-reach.ts';
import { createGradeBook } from './grade-book.ts';
import { gradesTitle, layOutGrades } from './grades-sheet.ts';

interface Deps {
  db: Db;
  clock: Clock;
  results: ResultsReader;
  xlsx: XlsxWriter;
}

/** The grade book of a group, for who supervises it and who teaches it. */
export function gradeRoutes({ db, clock, results, xlsx }: Deps) {
  const gradeBook = createGradeBook({ db, results });

  async function find(actor: Actor, id: string): Promise<{ group: Group; reach: PeopleReach }> {
    const group = await getGroup(db, id);
    if (!group) throw new AppError('not-found');
    const teaches = await teachesGroup(db, { groupId: id, userId: actor.userId });
    // Whoever may read the reports of its classes may read what they come to.
    const resource = {
      kind: 'class',
      orgPaths: group.orgPaths,
      instructorId: teaches ? actor.userId : '',
      enrolled: false,
    } as const;
    authorise(actor, 'report.read', resource, { hidden: true });
    return { group, reach: peopleReach(actor, 'report.read', resource) };
  }

  return {
    // Whoever teaches nothing is told of nothing.
    taughtGroups: bind(routes.taughtGroups, async ({ actor, query: { q, ...page } }) => {
      const { total, rows } = await groupsTaughtBy(db, { ...page, userId: actor.userId, query: q });
      return {
        total,
        rows: rows.map(({ id, name, courseTitle, learners }) => ({ id, name, courseTitle, learners })),
      };
    }),

    groupGrades: bind(routes.groupGrades, async ({ actor, params, query }) => {
      const { group, reach } = await find(actor, params.id);
      const { rows, summary } = await gradeBook(group, reach);
      const wanted = rows.filter(
        ({ login, belowCorrect }) => login.startsWith(query.q) && (query.below === 'all' || belowCorrect),
      );
      return {
        total: wanted.length,
        rows: wanted.slice(query.offset, query.offset + query.limit),
        summary,
        courseTitle: group.courseTitle,
        groupName: group.name,
      };
    }),

    gradesFile: bind(
      routes.gradesFile,
      async ({ actor, params, query, audit }) => {
        const { group, reach } = await find(actor, params.id);
        const book = await gradeBook(group, reach);
        const exporter = await getUser(db, actor.userId);
        const sheet = layOutGrades(
          { ...book, courseTitle: group.courseTitle, groupName: group.name },
          query.lang,
          { name: exporter?.name ?? '', at: clock() },
        );
        await audit({
          action: 'grades.exported',
          targetType: 'group',
          targetId: group.id,
          orgPath: group.orgPaths[0],
          detail: { format: params.format, people: book.rows.length },
        });
        const name = `${gradesTitle(query.lang)} ${group.courseTitle} ${group.name}.${params.format}`;
        return params.format === 'csv'
          ? { name, type: 'text/csv; charset=utf-8', content: toCsv(sheet) }
          : { name, type: xlsxType, content: await xlsx.write(sheet) };
      },
      { limit: 'export' },
    ),
  };
}
