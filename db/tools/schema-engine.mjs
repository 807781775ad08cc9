#!/usr/bin/env node
/**
 * A drop-in for Prisma's native `schema-engine` binary, for machines that cannot download it. It answers the CLI's
 * JSON-RPC (one JSON object per line on stdin/stdout) with `@prisma/schema-engine-wasm`, the same Rust engine compiled
 * to WebAssembly, over node-postgres. `prisma.config.ts` points the CLI here when no native engine is installed.
 *
 * Works for: generate, validate, migrate dev/deploy/status/diff/reset/resolve, db push/pull/execute.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';

const ENGINE = '@prisma/schema-engine-wasm';

if (process.argv.includes('--version')) {
  const { version } = JSON.parse(readFileSync(path.join(engineDir(), 'package.json'), 'utf8'));
  console.log(`schema-engine-wasm ${version}`);
  process.exit(0);
}

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    datamodels: { type: 'string', multiple: true },
    datasource: { type: 'string' },
    'enabled-preview-features': { type: 'string' },
    'extension-types': { type: 'string' },
  },
});
const pools = new Set();
const debug = (line) => {
  if (process.env.DEBUG?.includes('schema-engine')) process.stderr.write(`${line}\n`);
};
const datasource = args.datasource ? JSON.parse(args.datasource) : {};

// ---------------------------------------------------------------------------------- engine

function engineDir() {
  return path.dirname(fileURLToPath(import.meta.resolve(ENGINE)));
}

async function loadSchemaEngine() {
  globalThis.PRISMA_WASM_PANIC_REGISTRY = {
    message: '',
    set_message(m) {
      this.message = m;
    },
    get() {
      return this.message;
    },
  };
  const glue = await import(`${ENGINE}/schema_engine_bg`);
  const wasm = new WebAssembly.Module(readFileSync(path.join(engineDir(), 'schema_engine_bg.wasm')));
  const instance = new WebAssembly.Instance(wasm, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue.SchemaEngine;
}

function withDatabase(url, database) {
  const u = new URL(url);
  u.pathname = `/${encodeURIComponent(database)}`;
  return u.toString();
}

/** `?schema=` is Prisma's own parameter; Postgres would reject it. */
function poolConfig(url) {
  const u = new URL(url);
  const schema = u.searchParams.get('schema') ?? undefined;
  for (const k of [
    'schema',
    'connection_limit',
    'pool_timeout',
    'pgbouncer',
    'connect_timeout',
    'socket_timeout',
  ])
    u.searchParams.delete(k);
  // one connection: session state (advisory lock, SET, temp tables) must not wander over a pool
  return { config: { connectionString: u.toString(), max: 1, options: '-c TimeZone=UTC' }, schema };
}

/**
 * adapter-pg's own migration hooks do not do for real migrations (7.10.1): executeScript() splits on every
 * ';' (breaks function bodies and strings), connectToShadowDb() loses its database name to the connection
 * string and drops the shadow database before it closes its pool. Both are replaced here.
 */
class MigrationPg {
  provider = 'postgres';
  adapterName = '@prisma/adapter-pg';
  #url;
  #shadowUrl;
  constructor(url, shadowUrl) {
    this.#url = url;
    this.#shadowUrl = shadowUrl;
  }
  async #open(url, onDispose) {
    const { config, schema } = poolConfig(url);
    const pool = new pg.Pool(config);
    pool.on('error', () => {});
    pools.add(pool);
    const adapter = readsCatalog(await new PrismaPg(pool, { schema }).connect());
    adapter.executeScript = async (script) => {
      try {
        await pool.query(script); // simple protocol: the server parses the whole script
      } catch (e) {
        adapter.onError(e);
      }
    };
    adapter.dispose = async () => {
      pools.delete(pool);
      await pool.end();
      await onDispose?.();
    };
    return adapter;
  }
  connect() {
    return this.#url ? this.#open(this.#url) : noDatabase();
  }
  async connectToShadowDb() {
    if (!this.#shadowUrl && !this.#url)
      throw new Error('This command replays migrations: set datasource.url or datasource.shadowDatabaseUrl');
    if (this.#shadowUrl) {
      await withClient(this.#shadowUrl, (c) =>
        c.query('DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public;'),
      );
      return this.#open(this.#shadowUrl);
    }
    const name = `prisma_migrate_shadow_db_${crypto.randomUUID()}`;
    const admin = withDatabase(this.#url, 'postgres');
    await withClient(admin, (c) => c.query(`CREATE DATABASE "${name}" TEMPLATE template0`));
    return this.#open(withDatabase(this.#url, name), () =>
      withClient(admin, (c) => c.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)),
    );
  }
}

/**
 * A diff between files (or `empty`) needs no database, but the engine asks for the server's version as it
 * starts. Answer that one question, refuse anything else.
 */
function noDatabase() {
  const refuse = async () => {
    throw new Error('This command needs a database: set datasource.url (DATABASE_URL)');
  };
  return {
    provider: 'postgres',
    adapterName: 'offline',
    async queryRaw({ sql }) {
      if (!/numeric_version/.test(sql)) return refuse();
      return {
        columnNames: ['exists', 'version', 'numeric_version'],
        columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
        rows: [[true, 'PostgreSQL 17.0 (offline)', 170000]],
      };
    },
    executeRaw: refuse,
    executeScript: refuse,
    startTransaction: refuse,
    getConnectionInfo: () => ({ schemaName: 'public', supportsRelationJoins: true }),
    async dispose() {},
  };
}

/**
 * adapter-pg refuses the catalog's own types (`"char"`, int2vector, regtype, ...), which the engine's
 * introspection queries return. Hand them over as what they are on the wire: a character, or text.
 */
function readsCatalog(queryable) {
  const TEXT = 25,
    CHAR = 18;
  const CATALOG = new Set([
    22, 24, 28, 30, 194, 1003, 1033, 1034, 2202, 2203, 2204, 2205, 2206, 2211, 4089, 4096,
  ]);
  let chars = [];
  const performIO = queryable.performIO.bind(queryable);
  queryable.performIO = async (query) => {
    debug(JSON.stringify(query));
    const result = await performIO(query);
    chars = [];
    (result.fields ?? []).forEach((f, i) => {
      if (f.dataTypeID === CHAR) chars.push(i);
      if (f.dataTypeID === CHAR || CATALOG.has(f.dataTypeID)) f.dataTypeID = TEXT;
    });
    return result;
  };
  const queryRaw = queryable.queryRaw.bind(queryable);
  queryable.queryRaw = async (query) => {
    const result = await queryRaw(query);
    for (const i of chars) result.columnTypes[i] = ColumnTypeEnum.Character;
    return result;
  };
  if (queryable.startTransaction) {
    const start = queryable.startTransaction.bind(queryable);
    queryable.startTransaction = async (level) => readsCatalog(await start(level));
  }
  return queryable;
}

async function withClient(url, f) {
  const client = new pg.Client({ ...poolConfig(url).config });
  await client.connect();
  try {
    return await f(client);
  } finally {
    await client.end();
  }
}

async function createDatabase(url) {
  const name = decodeURIComponent(new URL(url).pathname.slice(1)) || 'postgres';
  await withClient(withDatabase(url, 'postgres'), (c) =>
    c.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`),
  );
  return { databaseName: name };
}

// ---------------------------------------------------------------------------------- `cli` sub-commands

function knownError(e, url) {
  const db = url ? new URL(url).pathname.slice(1) : '';
  switch (e.code) {
    case '3D000':
      return { error_code: 'P1003', message: `Database \`${db}\` does not exist` };
    case '28P01':
      return { error_code: 'P1000', message: `Authentication failed: ${e.message}` };
    case '42P04':
      return { error_code: 'P1009', message: `Database \`${db}\` already exists` };
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'ETIMEDOUT':
      return { error_code: 'P1001', message: `Can't reach database server at \`${new URL(url).host}\`` };
    default:
      return { error_code: undefined, message: e.message };
  }
}

async function runCli(command) {
  const url = datasource.url;
  try {
    if (command === 'can-connect-to-database') await withClient(url, (c) => c.query('SELECT 1'));
    else if (command === 'create-database') await createDatabase(url);
    else if (command === 'drop-database') {
      const name = decodeURIComponent(new URL(url).pathname.slice(1));
      await withClient(withDatabase(url, 'postgres'), (c) =>
        c.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`),
      );
    } else throw new Error(`unknown cli command ${command}`);
    process.exit(0);
  } catch (e) {
    // the CLI drops the first line and parses every other one as JSON
    process.stderr.write(
      `\n${JSON.stringify({ level: 'ERROR', target: 'schema_engine::logger', fields: knownError(e, url) })}\n`,
    );
    process.exit(1);
  }
}

// ---------------------------------------------------------------------------------- JSON-RPC

async function serveRpc() {
  // A new engine for every request, so that no connection, lock or schema state is carried over.
  let SchemaEngine;
  const withEngine = async (f, url = datasource.url) => {
    SchemaEngine ??= await loadSchemaEngine();
    const factory = bindMigrationAwareSqlAdapterFactory(new MigrationPg(url, datasource.shadowDatabaseUrl));
    const datamodels = (args.datamodels ?? []).map((p) => [p, readFileSync(p, 'utf8')]);
    let engine;
    try {
      engine = await SchemaEngine.new(
        { datamodels: datamodels.length ? datamodels : undefined },
        (log) => debug(log),
        factory,
      );
      return await f(engine);
    } finally {
      engine?.free();
      await Promise.all([...pools].map((pool) => pool.end().catch(() => {}))); // frees the advisory lock as well
      pools.clear();
    }
  };

  const scriptFromHistory = ({ migrationsList, schema, filters }) =>
    withEngine(async (e) => {
      const { stdout } = await e.diff({
        from: migrationsList.migrationDirectories.length
          ? { tag: 'migrations', ...migrationsList }
          : { tag: 'empty' },
        to: { tag: 'schemaDatamodel', ...schema },
        script: true,
        exitCode: null,
        filters,
      });
      return (stdout ?? '').replace(/-- CreateSchema\nCREATE SCHEMA IF NOT EXISTS "public";\n\n/, '');
    });
  const statements = (script) => script.split('\n').filter((l) => /^[A-Z]/.test(l));
  const RISKS = [
    [/^DROP TABLE (.+);/, (m) => `You are about to drop the ${m[1]} table. All its data will be lost.`],
    [
      /DROP COLUMN\s+("[^"]+")/,
      (m, t) => `You are about to drop the column ${m[1]} on the ${t} table. All its data will be lost.`,
    ],
    [
      /ADD COLUMN\s+("[^"]+").*NOT NULL(?!.*DEFAULT)/,
      (m, t) =>
        `Added the required column ${m[1]} to the ${t} table without a default value. This fails if the table is not empty.`,
    ],
    [
      /ALTER COLUMN ("[^"]+") SET NOT NULL/,
      (m, t) => `Made the column ${m[1]} on the ${t} table required. This fails if there are NULLs.`,
    ],
    [
      /ALTER COLUMN ("[^"]+") (?:SET DATA )?TYPE/,
      (m, t) => `You are about to alter the type of the column ${m[1]} on the ${t} table. Data may be lost.`,
    ],
    [
      /^CREATE UNIQUE INDEX \S+ ON (\S+)\((.+)\)/,
      (m) =>
        `A unique constraint covering ${m[2]} on the ${m[1]} table will be added. This fails if there are duplicates.`,
    ],
    [
      /^ALTER TYPE|RENAME TO .*_old/,
      () => `An enum is rebuilt: this fails if a removed value is still used.`,
    ],
  ];
  const dataLossWarnings = (script) => {
    let table = '';
    return script.split('\n').flatMap((line, stepIndex) => {
      table = /^ALTER TABLE ("[^"]+")/.exec(line)?.[1] ?? table;
      if (/^ALTER TYPE \S+ ADD VALUE/.test(line)) return [];
      for (const [re, message] of RISKS) {
        const m = re.exec(line);
        if (m) return [{ message: message(m, table), stepIndex }];
      }
      return [];
    });
  };

  const handlers = {
    createDatabase: (p) => createDatabase(p.datasource?.url ?? datasource.url),
    getDatabaseVersion: (p) => withEngine((e) => e.version(p)),
    async diff(p) {
      const { exitCode, stdout } = await withEngine((e) => e.diff(p));
      if (stdout) print(stdout.replace(/\n$/, ''));
      return { exitCode, stdout: null };
    },
    // evaluateDataLoss and createMigration cannot replay a migration history in the WASM engine (7.10.0: "shadow DB
    // must be provided through an external factory"); its diff can, so both are made of that.
    async evaluateDataLoss(p) {
      const script = await scriptFromHistory(p);
      return {
        migrationSteps: statements(script).length,
        unexecutableSteps: [],
        warnings: dataLossWarnings(script),
      };
    },
    async createMigration(p) {
      const script = await scriptFromHistory(p);
      const empty = statements(script).length === 0;
      const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
      const warnings = dataLossWarnings(script).map((w) => `  - ${w.message}`);
      const header = warnings.length ? `/*\n  Warnings:\n\n${warnings.join('\n')}\n*/\n` : '';
      return {
        connectorType: 'postgresql',
        generatedMigrationName: p.migrationName ? `${stamp}_${p.migrationName}` : stamp,
        migrationScript: empty ? (p.draft ? '-- This is an empty migration.' : null) : header + script,
        extension: 'sql',
      };
    },
    dbExecute: async (p) => {
      await withEngine((e) => e.dbExecute(p), p.datasourceType?.url);
      return null;
    },
  };

  let printId = 0;
  const write = (o) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...o })}\n`);
  const print = (content) => write({ id: `p${++printId}`, method: 'print', params: { content } });

  let queue = Promise.resolve();
  const rl = readline.createInterface({ input: process.stdin, crlfDelay: Infinity });
  rl.on('line', (line) => {
    if (!line.trim()) return;
    const req = JSON.parse(line);
    if (!req.method) return; // the CLI's answer to one of our `print`s
    queue = queue.then(async () => {
      try {
        const h = handlers[req.method];
        const result = h ? await h(req.params) : await withEngine((e) => e[req.method](req.params));
        write({ id: req.id, result: result ?? null });
      } catch (e) {
        const panic = e?.name === 'RuntimeError';
        const message = panic ? globalThis.PRISMA_WASM_PANIC_REGISTRY.get() : String(e?.message ?? e);
        write({
          id: req.id,
          error: {
            code: 4466,
            message: 'An error happened. Check the data field for details.',
            data: { is_panic: panic, message, error_code: e?.code, meta: null },
          },
        });
      }
    });
  });
  await new Promise((r) => rl.on('close', r));
  await queue;
  process.exit(0);
}

if (positionals[0] === 'cli') await runCli(positionals[1]);
else await serveRpc();
