/**
 * [PR6] The vault: one key for each learner, in a database of its own that no backup of the main one contains. A key is
 * wrapped by the deployment's, and never kept in memory: once it is destroyed here, what it sealed is noise everywhere,
 * in every copy and backup of the main database as well.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import pg from 'pg';
import { Unsealable } from './crypto.ts';
import type { Log } from './log.ts';
import { translating } from './unavailable.ts';

export interface WrappingKey {
  /** Stands beside every key it wrapped; never used again for another secret. */
  id: string;
  /** 32 random bytes. */
  secret: Buffer;
}

/** A learner's key, for as long as one request needs it. */
export interface LearnerKey {
  readonly id: string;
  /** `purpose` is bound in: what was moved elsewhere does not open there. */
  seal(purpose: SealedFace, plain: Uint8Array): Uint8Array<ArrayBuffer>;
  /** Throws `Unsealable`. */
  open(purpose: SealedFace, sealed: Uint8Array): Buffer;
}

/** `table.column` of everything sealed under a learner's key. */
export type SealedFace =
  | 'FaceReference.descriptor'
  | 'FacePicture.picture'
  | 'FaceChallengeFrame.facts'
  | 'FaceChallengeFrame.picture'
  | 'FaceCheckPicture.picture';

export interface Vault {
  /** Makes the key of that id, or finds it made. Null when it has been destroyed: an id is never used again. */
  make(keyId: string): Promise<LearnerKey | null>;
  /** Null when there is none, or it has been destroyed. */
  find(keyId: string): Promise<LearnerKey | null>;
  /** For good. Idempotent; resolves when the key is gone from disk as far as the database can say. */
  destroy(keyId: string): Promise<void>;
  /** Wraps everything anew that an older key of the ring wrapped; answers how many. */
  rewrap(): Promise<number>;
  health(): Promise<{ ok: true } | { ok: false; error: string }>;
  close(): Promise<void>;
}

export interface VaultOptions {
  url: string;
  /** Newest first: the first wraps, all unwrap. */
  keys: readonly WrappingKey[];
  log: Log;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
const CONNECT_MS = 5_000;
/** Held while the table is made, so that two starts at once make one. */
const LOCK = 5_374_813;

interface KeyRow extends Record<string, unknown> {
  wrappedBy: string | null;
  wrapped: Buffer | null;
}

/** Connects and makes its table. Throws when the database is the main one, whose backups would then hold the keys. */
export async function openVault({ url, keys, log }: VaultOptions): Promise<Vault> {
  const [newest] = keys;
  if (!newest) throw new Error('the vault needs at least one wrapping key');
  for (const { id, secret } of keys)
    if (secret.length !== 32) throw new Error(`the vault's key "${id}" has not 32 bytes`);
  const pool = new pg.Pool({
    connectionString: url,
    max: 4,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    options: '-c TimeZone=UTC -c statement_timeout=10000',
  });
  pool.on('error', (error) => log.warn({ err: error }, 'lost an idle connection to the vault'));
  const sql = <R extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<R[]> =>
    translating(async () => (await pool.query<R>(text, values)).rows);

  function unwrap(keyId: string, { wrappedBy, wrapped }: KeyRow): Buffer | null {
    if (wrappedBy === null || wrapped === null) return null;
    const by = keys.find(({ id }) => id === wrappedBy);
    if (!by) throw new Unsealable(`no key "${wrappedBy}" of the vault is given`);
    return open(by.secret, `wrap.${by.id}.${keyId}`, wrapped);
  }

  async function find(keyId: string): Promise<LearnerKey | null> {
    const [row] = await sql<KeyRow>('SELECT "wrappedBy", "wrapped" FROM "LearnerKey" WHERE "id" = $1', [
      keyId,
    ]);
    const secret = row && unwrap(keyId, row);
    return secret ? learnerKey(keyId, secret) : null;
  }

  try {
    await prepare(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }

  return {
    async make(keyId) {
      await sql(
        `INSERT INTO "LearnerKey" ("id", "wrappedBy", "wrapped") VALUES ($1, $2, $3) ON CONFLICT ("id") DO NOTHING`,
        [keyId, newest.id, seal(newest.secret, `wrap.${newest.id}.${keyId}`, randomBytes(32))],
      );
      return find(keyId);
    },
    find,
    async destroy(keyId) {
      // The id stays as a gravestone: whoever still holds it makes no new key under it.
      await sql(
        `INSERT INTO "LearnerKey" ("id", "destroyedAt") VALUES ($1, now())
         ON CONFLICT ("id") DO UPDATE SET "wrapped" = NULL, "wrappedBy" = NULL, "destroyedAt" = COALESCE("LearnerKey"."destroyedAt", now())`,
        [keyId],
      );
      // The row as it was lies in its page until somebody cleans up: at once, not when the database finds time.
      await sql('VACUUM "LearnerKey"').catch((error: unknown) =>
        log.warn({ err: error }, 'the vault could not be cleaned up at once'),
      );
    },
    async rewrap() {
      const rows = await sql<KeyRow & { id: string }>(
        'SELECT "id", "wrappedBy", "wrapped" FROM "LearnerKey" WHERE "wrapped" IS NOT NULL AND "wrappedBy" <> $1',
        [newest.id],
      );
      for (const row of rows) {
        const secret = unwrap(row.id, row);
        if (secret)
          await sql(
            `UPDATE "LearnerKey" SET "wrapped" = $2, "wrappedBy" = $3 WHERE "id" = $1 AND "wrappedBy" = $4`,
            [row.id, seal(newest.secret, `wrap.${newest.id}.${row.id}`, secret), newest.id, row.wrappedBy],
          );
      }
      return rows.length;
    },
    async health() {
      try {
        await sql('SELECT 1');
        return { ok: true };
      } catch (error) {
        return { ok: false, error: error instanceof Error ? error.message : String(error) };
      }
    },
    async close() {
      if (!pool.ended) await pool.end();
    },
  };
}

async function prepare(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ main: boolean }>(
      `SELECT to_regclass('"_prisma_migrations"') IS NOT NULL AS "main"`,
    );
    if (rows[0]?.main)
      throw new Error(
        'the vault must be a database of its own: its backups would hold the keys of what they back up',
      );
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query(
      `CREATE TABLE IF NOT EXISTS "LearnerKey" (
         "id" UUID PRIMARY KEY,
         "wrappedBy" TEXT,
         "wrapped" BYTEA,
         "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
         "destroyedAt" TIMESTAMPTZ(3),
         CHECK (("wrapped" IS NULL) = ("wrappedBy" IS NULL) AND ("wrapped" IS NULL) = ("destroyedAt" IS NOT NULL))
       )`,
    );
    await client.query('COMMIT');
  } finally {
    // Whatever was begun and not committed ends with the connection.
    client.release(true);
  }
}

function learnerKey(id: string, secret: Buffer): LearnerKey {
  return {
    id,
    seal: (purpose, plain) => seal(secret, `${purpose}.${id}`, plain),
    open: (purpose, sealed) => open(secret, `${purpose}.${id}`, sealed),
  };
}

function seal(secret: Buffer, boundTo: string, plain: Uint8Array): Uint8Array<ArrayBuffer> {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', secret, iv);
  cipher.setAAD(Buffer.from(boundTo));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return new Uint8Array(Buffer.concat([iv, cipher.getAuthTag(), body]));
}

function open(secret: Buffer, boundTo: string, sealed: Uint8Array): Buffer {
  if (sealed.length < IV_BYTES + TAG_BYTES) throw new Unsealable('a sealed value is cut short');
  const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(boundTo));
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw new Unsealable('a sealed value was altered or belongs elsewhere', { cause });
  }
}

/**
 * The vault's database beside the main one on the same server, `…_keys`, for one machine and development: made when it
 * is missing. A deployment of its own names a server of its own.
 */
export async function vaultBeside(mainUrl: string): Promise<string> {
  const url = new URL(mainUrl);
  const name = `${decodeURIComponent(url.pathname.slice(1))}_keys`;
  const client = new pg.Client({ connectionString: mainUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (!rowCount)
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`).catch((error: unknown) => {
        // Another process that starts at the same moment was faster.
        if (!(error instanceof pg.DatabaseError) || !['42P04', '23505'].includes(error.code ?? ''))
          throw error;
      });
  } finally {
    await client.end();
  }
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.toString();
}
