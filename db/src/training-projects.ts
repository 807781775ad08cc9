/** Training projects, and the national classification of occupations they are filed under [C1]. */
import { audience, type Audience } from '@keshi/contract/courses';
import type { Db } from './client.ts';
import { outdatedOrMissing, refusing } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { containing } from './text-search.ts';

export interface Occupation {
  code: string;
  name: string;
  parent: string | null;
  children: number;
}

/** Below one (the major groups without), or of all those whose name or code contains the text; by code. */
export async function listOccupations(
  db: Db,
  filter: { parent?: string | undefined; query?: string } & PageRequest,
): Promise<Page<Occupation>> {
  const where: Prisma.OccupationWhereInput = filter.query
    ? { OR: [{ name: containing(filter.query) }, { code: { startsWith: filter.query } }] }
    : { parentCode: filter.parent ?? null };
  const [total, rows] = await Promise.all([
    db.prisma.occupation.count({ where }),
    db.prisma.occupation.findMany({
      where,
      select: { code: true, name: true, parentCode: true, _count: { select: { children: true } } },
      orderBy: { code: 'asc' },
      ...pageOf(filter),
    }),
  ]);
  return {
    total,
    rows: rows.map(({ code, name, parentCode, _count }) => ({
      code,
      name,
      parent: parentCode,
      children: _count.children,
    })),
  };
}

export async function occupationCodes(db: Db, codes: readonly string[]): Promise<Set<string>> {
  const rows = await db.sql<{ code: string }>(
    'SELECT "code" FROM "Occupation" WHERE "code" = ANY($1::text[])',
    [codes],
  );
  return new Set(rows.map(({ code }) => code));
}

/** The code of what stands above it: `4-10` of `4-10-01`; null of a major group. */
export function parentOf(code: string): string | null {
  return code.includes('-') ? code.slice(0, code.lastIndexOf('-')) : null;
}

/** Adds them, or gives them their new name. Whatever stands above each must be among them or known. */
export async function storeOccupations(
  db: Db,
  occupations: readonly { code: string; name: string }[],
): Promise<number> {
  // Shorter codes first: what stands above another is there before it.
  const ordered = occupations.toSorted((a, b) => a.code.length - b.code.length);
  const rows = await refusing('occupation', () =>
    db.sql(
      `INSERT INTO "Occupation" ("code", "parentCode", "name")
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
       ON CONFLICT ("code") DO UPDATE SET "name" = excluded."name" WHERE "Occupation"."name" <> excluded."name"
       RETURNING 1`,
      [
        ordered.map(({ code }) => code),
        ordered.map(({ code }) => parentOf(code)),
        ordered.map(({ name }) => name),
      ],
    ),
  );
  return rows.length;
}

export interface TrainingProject {
  id: string;
  orgId: string;
  orgName: string;
  orgPath: string;
  name: string;
  summary: string;
  audience: Audience;
  occupation: { code: string; name: string } | null;
  courses: number;
  version: number;
}

const columns = {
  id: true,
  orgId: true,
  name: true,
  summary: true,
  audience: true,
  version: true,
  org: { select: { name: true, path: true } },
  occupation: { select: { code: true, name: true } },
  _count: { select: { courses: true } },
} satisfies Prisma.TrainingProjectSelect;

function fromRow(row: Prisma.TrainingProjectGetPayload<{ select: typeof columns }>): TrainingProject {
  const { org, _count, ...project } = row;
  return {
    ...project,
    audience: audience.parse(project.audience),
    orgName: org.name,
    orgPath: org.path,
    courses: _count.courses,
  };
}

export async function getProject(db: Db, id: string): Promise<TrainingProject | null> {
  const row = await db.prisma.trainingProject.findUnique({ where: { id }, select: columns });
  return row && fromRow(row);
}

/** By name. */
export async function listProjects(
  db: Db,
  filter: { query?: string; audience?: string | undefined; occupation?: string | undefined } & PageRequest,
): Promise<Page<TrainingProject>> {
  const where: Prisma.TrainingProjectWhereInput = {
    ...(filter.query && { name: containing(filter.query) }),
    ...(filter.audience && { audience: { in: [filter.audience, 'anyone'] } }),
    ...(filter.occupation && {
      OR: [
        { occupationCode: filter.occupation },
        { occupationCode: { startsWith: `${filter.occupation}-` } },
      ],
    }),
  };
  const [total, rows] = await Promise.all([
    db.prisma.trainingProject.count({ where }),
    db.prisma.trainingProject.findMany({
      where,
      select: columns,
      orderBy: [{ name: 'asc' }, { id: 'asc' }],
      ...pageOf(filter),
    }),
  ]);
  return { total, rows: rows.map(fromRow) };
}

interface ProjectFields {
  name: string;
  summary: string;
  audience: Audience;
  occupationCode: string | null;
}

/** Throws `Refused`: `conflict` when the organisation has the name, `not-found` for an unknown occupation. */
export async function createProject(
  db: Db,
  input: ProjectFields & { orgId: string },
): Promise<TrainingProject> {
  const row = await refusing('project', () =>
    db.prisma.trainingProject.create({ data: { id: newId(), ...input }, select: columns }),
  );
  return fromRow(row);
}

/** `version` is the one the editor saw; absent fields stay. Throws `Refused`: `outdated`, `not-found`, `conflict`. */
export async function updateProject(
  db: Db,
  input: { id: string; version: number } & { [K in keyof ProjectFields]?: ProjectFields[K] | undefined },
): Promise<TrainingProject> {
  const { id, version, ...fields } = input;
  const { count } = await refusing('project', () =>
    db.prisma.trainingProject.updateMany({
      where: { id, version },
      data: { ...fields, version: { increment: 1 } },
    }),
  );
  const row = await getProject(db, id);
  return count > 0 && row ? row : outdatedOrMissing('project', Promise.resolve(row));
}
