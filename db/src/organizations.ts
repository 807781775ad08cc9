import type { OrganizationKind } from '@keshi/contract/domain';
import { organizationKind } from '@keshi/contract/domain';
import type { Db } from './client.ts';
import { outdatedOrMissing, Refused, refusing } from './failures.ts';
import { newId } from './ids.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { inScope, type Scope } from './scope.ts';
import { containing } from './text-search.ts';

export interface Organization {
  id: string;
  parentId: string | null;
  kind: OrganizationKind;
  name: string;
  /** `/root-id/child-id/`, always ending with its own id. */
  path: string;
  version: number;
}

const columns = { id: true, parentId: true, kind: true, name: true, path: true, version: true } as const;

function fromRow(row: Omit<Organization, 'kind'> & { kind: string }): Organization {
  return { ...row, kind: organizationKind.parse(row.kind) };
}

/** Whether a membership whose path is `above` covers `path`. */
function covers(above: string, path: string): boolean {
  return path.startsWith(above);
}

/** Throws `Refused`: `not-found` without that parent, `conflict` when a sibling has the name. */
export async function createOrganization(
  db: Db,
  input: { parentId: string | null; kind: OrganizationKind; name: string },
): Promise<Organization> {
  const id = newId();
  return db.prisma.$transaction(async (tx) => {
    let above = '/';
    if (input.parentId !== null) {
      // Locked, so that a move of the parent at the same time cannot leave the child with the old path.
      const [parent] = await tx.$queryRaw<{ path: string }[]>`
        SELECT "path" FROM "Organization" WHERE "id" = ${input.parentId}::uuid FOR SHARE`;
      if (!parent) throw new Refused('not-found', 'parent organization');
      above = parent.path;
    }
    const row = await refusing('organization', () =>
      tx.organization.create({ data: { id, ...input, path: `${above}${id}/` }, select: columns }),
    );
    return fromRow(row);
  });
}

export async function getOrganization(db: Db, id: string): Promise<Organization | null> {
  const row = await db.prisma.organization.findUnique({ where: { id }, select: columns });
  return row && fromRow(row);
}

export interface OrganizationRow extends Organization {
  /** 0 for the platform itself. */
  depth: number;
  users: number;
  courses: number;
}

/** Everything in scope, as a tree in path order: parents before children. */
export async function listOrganizations(
  db: Db,
  filter: { under: Scope; kind?: OrganizationKind; query?: string } & PageRequest,
): Promise<Page<OrganizationRow>> {
  const where = {
    OR: inScope(filter.under).map((path) => ({ path })),
    ...(filter.kind && { kind: filter.kind }),
    ...(filter.query && { name: containing(filter.query) }),
  };
  const [total, rows] = await Promise.all([
    db.prisma.organization.count({ where }),
    db.prisma.organization.findMany({
      where,
      select: { ...columns, _count: { select: { users: true, courses: true } } },
      orderBy: { path: 'asc' },
      ...pageOf(filter),
    }),
  ]);
  return {
    total,
    rows: rows.map(({ _count, ...row }) => ({
      ...fromRow(row),
      ..._count,
      depth: row.path.split('/').length - 3,
    })),
  };
}

/** `version` is the one the editor saw. Throws `Refused`: `outdated`, `not-found`, `conflict`. */
export async function renameOrganization(
  db: Db,
  input: { id: string; version: number; name: string },
): Promise<Organization> {
  const { id, version, name } = input;
  const [row] = await refusing('organization', () =>
    db.prisma.organization.updateManyAndReturn({
      where: { id, version },
      data: { name, version: { increment: 1 } },
      select: columns,
    }),
  );
  return row ? fromRow(row) : outdatedOrMissing('organization', getOrganization(db, id));
}

/** Hangs an organisation with everything below it under another parent. `conflict` when that parent is itself below it. */
export async function moveOrganization(
  db: Db,
  input: { id: string; version: number; parentId: string },
): Promise<Organization> {
  const move = () =>
    db.transaction(async (sql) => {
      // One mover at a time, and no child is born meanwhile: two moves that cross would make a ring.
      await sql('LOCK TABLE "Organization" IN SHARE ROW EXCLUSIVE MODE');
      const rows = await sql<{ id: string; path: string; version: number }>(
        'SELECT "id", "path", "version" FROM "Organization" WHERE "id" IN ($1, $2)',
        [input.id, input.parentId],
      );
      const moved = rows.find(({ id }) => id === input.id);
      const parent = rows.find(({ id }) => id === input.parentId);
      if (!moved || !parent) throw new Refused('not-found', 'organization');
      if (moved.version !== input.version) throw new Refused('outdated', 'organization');
      if (covers(moved.path, parent.path)) throw new Refused('conflict', 'organization', ['parentId']);
      await sql('UPDATE "Organization" SET "parentId" = $2, "version" = "version" + 1 WHERE "id" = $1', [
        input.id,
        input.parentId,
      ]);
      await sql(
        `UPDATE "Organization" SET "path" = $2 || substr("path", $3), "updatedAt" = now() WHERE "path" LIKE $1 || '%'`,
        [moved.path, `${parent.path}${moved.id}/`, moved.path.length + 1],
      );
    });
  await refusing('organization', move);
  const row = await getOrganization(db, input.id);
  if (!row) throw new Refused('not-found', 'organization');
  return row;
}
