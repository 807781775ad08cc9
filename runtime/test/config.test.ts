import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../src/config.ts';

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const production = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://class.example/',
  TOKEN_SECRET: 't'.repeat(32),
  SERVICE_SECRET: 's'.repeat(32),
  PII_KEY: keyOf(1),
  LEDGER_KEY: keyOf(2),
  CERTIFICATE_KEY: keyOf(2),
  PROCTOR_KEY: keyOf(2),
  METRICS_TOKEN: 'm'.repeat(16),
  VAULT_URL: 'postgresql://keys@vault/keys',
  VAULT_KEYS: `v1:${keyOf(2)}`,
  SFU_ANNOUNCED_ADDRESS: 'media.class.example',
};

const s3 = {
  S3_ENDPOINT: 'https://s3.example/',
  S3_BUCKET: 'media',
  S3_ACCESS_KEY_ID: 'id',
  S3_SECRET_ACCESS_KEY: 'key',
};
const s3Names = 'S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'keshi-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const load = (env: Record<string, string | undefined>) => loadConfig(env, { cwd });

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('development', () => {
  test('an empty environment runs on this machine alone, with demonstration data', () => {
    const config = load({ REDIS_URL: '', DATABASE_URL: '  ' });
    expect(config).toMatchObject({
      env: 'development',
      host: '127.0.0.1',
      port: 3000,
      publicUrl: 'http://localhost:3000',
      databaseUrl: null,
      redisUrl: null,
      dataDir: join(cwd, '.data'),
      embeddedPgDir: join(cwd, '.data', 'postgres'),
      demo: true,
      tls: null,
      turn: null,
      mediaStore: { kind: 'folder', dir: join(cwd, '.data', 'media') },
      signaling: { port: 3001, url: null },
    });
    expect(config.sfu.listenIp).toBe('127.0.0.1');
    expect(config.sfu.workers).toBeLessThanOrEqual(4);
  });

  test('a secrets file from before the proctor gives it one key, always the same', () => {
    const made = load({});
    const file = join(cwd, '.data/secrets.json');
    const { proctorKey, ...older }: Record<string, string> = JSON.parse(readFileSync(file, 'utf8'));
    expect(made.proctor.signingKey?.toString('base64')).toBe(proctorKey);
    writeFileSync(file, JSON.stringify(older), { mode: 0o600 });
    const derived = load({}).proctor.signingKey;
    expect(derived).toHaveLength(32);
    expect(load({}).proctor.signingKey).toEqual(derived);
    expect(load({ PROCTOR_KEY: keyOf(4) }).proctor.signingKey).toEqual(Buffer.alloc(32, 4));
  });

  test('missing secrets are made once, kept for the owner only, and survive a restart', () => {
    const first = load({});
    expect(load({})).toEqual(first);
    expect(first.piiKeys[0].key).toHaveLength(32);
    expect(statSync(join(cwd, '.data/secrets.json')).mode & 0o777).toBe(0o600);
    expect(load({ TOKEN_SECRET: 'g'.repeat(40) }).tokenSecret).toBe('g'.repeat(40));
  });

  test('processes that start at once agree on the secrets', async () => {
    const script = `import { loadConfig } from ${JSON.stringify(new URL('../src/config.ts', import.meta.url).href)};
      process.stdout.write(loadConfig({}, { cwd: ${JSON.stringify(cwd)} }).tokenSecret);`;
    const tokens = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
        return said;
      }),
    );
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).toHaveLength(44);
  });

  test('a damaged secrets file stops the start and is left as it is', () => {
    load({});
    const file = join(cwd, '.data/secrets.json');
    writeFileSync(file, '{"tokenSecret":"short"}');
    expect(problemsOf({})).toEqual([expect.stringContaining('damaged')]);
    expect(readFileSync(file, 'utf8')).toBe('{"tokenSecret":"short"}');
  });
});

describe('production', () => {
  test('a complete environment is accepted and nothing is written', () => {
    const config = load(production);
    expect(config).toMatchObject({
      env: 'production',
      host: '0.0.0.0',
      demo: false,
      publicUrl: 'https://class.example',
    });
    expect(config.sfu).toMatchObject({ listenIp: '0.0.0.0', announcedAddress: 'media.class.example' });
    expect(() => statSync(join(cwd, '.data'))).toThrow('ENOENT');
  });

  test('everything missing or wrong is told at once, readably, and no value is repeated', () => {
    const env = { NODE_ENV: 'production', PORT: 'http', TOKEN_SECRET: 'tooshort!', DEMO: 'true' };
    const problems = problemsOf(env);
    for (const name of [
      'PORT',
      'TOKEN_SECRET',
      'SERVICE_SECRET',
      'PII_KEY',
      'LEDGER_KEY',
      'CERTIFICATE_KEY',
      'PROCTOR_KEY',
      'METRICS_TOKEN',
      'PUBLIC_URL',
    ])
      expect(problems.filter((problem) => problem.startsWith(`${name}:`))).toHaveLength(1);
    const message = new ConfigError(problems).message;
    expect(message.split('\n')).toHaveLength(problems.length + 1);
    expect(message).not.toContain('tooshort!');
  });

  test.each([
    ['demonstration data', { DEMO: '1' }, 'DEMO'],
    ['pages without TLS', { PUBLIC_URL: 'http://class.example' }, 'PUBLIC_URL'],
    ['media on every address without a name for it', { SFU_ANNOUNCED_ADDRESS: '' }, 'SFU_ANNOUNCED_ADDRESS'],
    ['a key of the wrong length', { PII_KEY: Buffer.alloc(16).toString('base64') }, 'PII_KEY'],
    ['both forms of the key', { PII_KEYS: `k2:${keyOf(3)}` }, 'PII_KEY, PII_KEYS'],
    ['a certificate without its key', { TLS_CERT_FILE: 'cert.pem' }, 'TLS_CERT_FILE, TLS_KEY_FILE'],
    ['TURN without a secret', { TURN_URLS: 'turn:turn.example:443' }, 'TURN_URLS, TURN_SECRET'],
    ['S3 without its key', { S3_ENDPOINT: 'https://s3.example', S3_BUCKET: 'media' }, s3Names],
    ['an S3 setting alone', { S3_REGION: 'us-east-1' }, s3Names],
    ['recordings in two places', { ...s3, MEDIA_DIR: 'media' }, 'MEDIA_DIR, S3_ENDPOINT'],
    ['a prefix that leaves its folder', { ...s3, S3_PREFIX: 'a/../b' }, 'S3_PREFIX'],
    ['a bucket that is a path', { ...s3, S3_BUCKET: 'a/b' }, 'S3_BUCKET'],
    ['pages without a vault', { VAULT_URL: '' }, 'VAULT_URL'],
    ['pages without the keys of the vault', { VAULT_KEYS: '' }, 'VAULT_KEYS'],
    ['the main database for a vault', { DATABASE_URL: 'postgresql://keys@vault/keys' }, 'VAULT_URL'],
    [
      'an authority without its secret',
      { IDENTITY_VERIFIER_URL: 'https://identity.example' },
      'IDENTITY_VERIFIER_URL, IDENTITY_VERIFIER_SECRET',
    ],
    [
      'an authority over a clear line',
      { IDENTITY_VERIFIER_URL: 'http://identity.example', IDENTITY_VERIFIER_SECRET: 'i'.repeat(32) },
      'IDENTITY_VERIFIER_URL',
    ],
    ['short messages without their secret', { SMS_URL: 'https://sms.example' }, 'SMS_URL, SMS_SECRET'],
    [
      'registration that can send no code',
      { SELF_REGISTRATION_ORG: '0190b3c4-0000-7000-8000-000000000000' },
      'SELF_REGISTRATION_ORG',
    ],
    ['an organisation by its name', { SELF_REGISTRATION_ORG: 'school' }, 'SELF_REGISTRATION_ORG'],
    ['a Redis address of another kind', { REDIS_URL: 'http://redis' }, 'REDIS_URL'],
  ])('refuses %s', (_what, extra, name) => {
    expect(
      problemsOf({ ...production, ...extra }).map((problem) => problem.slice(0, problem.indexOf(':'))),
    ).toContain(name);
  });

  test('a process without the proctor is given no key to sign with', () => {
    const env = { ...production, PROCTOR_KEY: undefined };
    expect(loadConfig(env, { cwd, runs: ['web'] }).proctor.signingKey).toBeNull();
    expect(() => loadConfig(env, { cwd, runs: ['proctor'] })).toThrow(/PROCTOR_KEY/);
  });

  test('a process without the SFU needs none of its settings', () => {
    const env = { ...production, SFU_ANNOUNCED_ADDRESS: undefined };
    expect(loadConfig(env, { cwd, runs: ['web'] }).sfu.announcedAddress).toBeNull();
  });

  test('the key of certificates is asked for where pages run, and nowhere else', () => {
    const env = { ...production, CERTIFICATE_KEY: undefined };
    expect(problemsOf(env)).toEqual(['CERTIFICATE_KEY: missing (required in production)']);
    expect(loadConfig(env, { cwd, runs: ['sfu'] }).certificates.key).toBeNull();
    const old = { ...production, CERTIFICATE_OLD_PUBLIC_KEYS: keyOf(3) };
    expect(load(old).certificates.oldPublicKeys.map((key) => key[0])).toEqual([3]);
  });

  test('the key of the ledger is asked for where pages run, and nowhere else', () => {
    const env = { ...production, LEDGER_KEY: undefined };
    expect(problemsOf(env)).toEqual(['LEDGER_KEY: missing (required in production)']);
    expect(loadConfig(env, { cwd, runs: ['sfu'] }).ledger.key).toBeNull();
    const old = { ...production, LEDGER_OLD_PUBLIC_KEYS: `${keyOf(3)}, ${keyOf(4)}` };
    expect(load(old).ledger.oldPublicKeys.map((key) => key[0])).toEqual([3, 4]);
    expect(problemsOf({ ...production, LEDGER_OLD_PUBLIC_KEYS: 'short' })[0]).toMatch(
      /^LEDGER_OLD_PUBLIC_KEYS:/,
    );
  });
});

test('keys rotate: the newest first, the old ones still there', () => {
  const config = load({ ...production, PII_KEY: undefined, PII_KEYS: `k2:${keyOf(9)}, k1:${keyOf(8)}` });
  expect(config.piiKeys.map(({ id, key }) => [id, key[0]])).toEqual([
    ['k2', 9],
    ['k1', 8],
  ]);
  expect(problemsOf({ PII_KEYS: `k1:${keyOf(9)},k1:${keyOf(8)}` })).toEqual(['PII_KEYS: names an id twice']);
  expect(problemsOf({ PII_KEYS: ',' })).toEqual(['PII_KEYS: must name at least one key']);
});

test('lists and addresses are taken apart', () => {
  const config = load({
    SFU_PIPE_PORTS: '40000-40099',
    TURN_URLS: 'turn:turn.example:443?transport=tcp,turns:turn.example:443',
    TURN_SECRET: 'turning',
    SFU_PORT_BASE: '0',
    SIGNALING_URL: 'https://live.example/',
  });
  expect(config.sfu.pipePorts).toEqual({ min: 40_000, max: 40_099 });
  expect(problemsOf({ SFU_PIPE_PORTS: '40099-40000' })).toEqual([
    'SFU_PIPE_PORTS: must be two ports such as 40000-49999',
  ]);
  expect(config.turn?.urls).toHaveLength(2);
  expect(config.sfu.portBase).toBe(0);
  expect(config.signaling.url).toBe('https://live.example');
});

test('recordings go to a folder of their own or to a bucket', () => {
  expect(load({ MEDIA_DIR: 'elsewhere' }).mediaStore).toEqual({
    kind: 'folder',
    dir: join(cwd, 'elsewhere'),
  });
  expect(load({ ...s3, S3_PREFIX: '/keshi/media/' }).mediaStore).toEqual({
    kind: 's3',
    endpoint: 'https://s3.example',
    bucket: 'media',
    region: 'us-east-1',
    accessKeyId: 'id',
    secretAccessKey: 'key',
    prefix: 'keshi/media',
  });
});
