/** A logical copy of the main database, as a backup is one: every row of every table, and the way back. */
import type { Db } from '../src/client.ts';

export type Dump = ReadonlyMap<string, readonly string[]>;

export async function dump(db: Db): Promise<Dump> {
  const tables = await db.sql<{ name: string }>(
    `SELECT tablename AS "name" FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'`,
  );
  const rows = await Promise.all(
    tables.map(async ({ name }) => {
      const found = await db.sql<{ row: string }>(`SELECT to_jsonb(t)::text AS "row" FROM "${name}" t`);
      return [name, found.map(({ row }) => row)] as const;
    }),
  );
  return new Map(rows);
}

/** Into a database of the same release with nothing in it but what its migrations brought. */
export async function restore(db: Db, from: Dump): Promise<void> {
  await db.transaction(async (sql) => {
    // Rows come in any order; what refers to what is whole again when all are there.
    await sql('SET LOCAL session_replication_role = replica');
    for (const [name, rows] of from)
      if (rows.length > 0)
        await sql(
          `INSERT INTO "${name}" SELECT (jsonb_populate_record(NULL::"${name}", r::jsonb)).* FROM unnest($1::text[]) r
           ON CONFLICT DO NOTHING`,
          [rows],
        );
  });
}
