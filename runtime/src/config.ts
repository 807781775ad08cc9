import { hkdfSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { loadDevelopmentSecrets } from './development-secrets.ts';
import { createSigner } from './signed-record.ts';

export { ConfigError };

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** A key for personal data in columns: AES-256-GCM, 32 bytes, named so that a ciphertext can say which it needs. */
export interface PiiKey {
  id: string;
  key: Buffer;
}

/** Where recordings are kept. Nodes on several machines are given the same bucket, or mount the same folder. */
export type MediaStoreConfig =
  | { kind: 'folder'; dir: string }
  | {
      kind: 's3';
      /** Without a trailing slash; the bucket is named behind it (path style). */
      endpoint: string;
      bucket: string;
      region: string;
      accessKeyId: string;
      secretAccessKey: string;
      /** Before every name in the bucket, without slashes at its ends; empty for none. */
      prefix: string;
    };

export interface Config {
  env: 'development' | 'production' | 'test';
  host: string;
  port: number;
  /** What people type; without a trailing slash. */
  publicUrl: string;
  tls: { certFile: string; keyFile: string } | null;
  /** How many proxies of ours stand before the pages: a caller's address is what the last of them says. */
  trustProxy: number;
  dataDir: string;
  /** Null: the embedded PostgreSQL in `embeddedPgDir`. */
  databaseUrl: string | null;
  embeddedPgDir: string;
  /** Null: shared state in the memory of this one process. */
  redisUrl: string | null;
  tokenSecret: string;
  serviceSecret: string;
  /** Newest first: the first encrypts, all decrypt. Never empty. */
  piiKeys: [PiiKey, ...PiiKey[]];
  ledger: {
    /** Seed of the Ed25519 key that signs the daily roots, 32 bytes; null where no pages run. */
    key: Buffer | null;
    /** Raw public keys that signed before this one, 32 bytes each: their roots are still verified. */
    oldPublicKeys: Buffer[];
  };
  certificates: {
    /** Seed of the Ed25519 key that signs certificates, 32 bytes; null where no pages run. */
    key: Buffer | null;
    /** Raw public keys that signed before this one, 32 bytes each: what they signed is still verified. */
    oldPublicKeys: Buffer[];
  };
  sfu: {
    listenIp: string;
    /** What browsers are told to reach; null: the listen address itself. */
    announcedAddress: string | null;
    /** Worker n listens on UDP and TCP port `portBase + n`; 0 lets the system choose. */
    portBase: number;
    workers: number;
    /** What one worker takes at most: streams to viewers, and Mbit/s of them. */
    workerConsumers: number;
    workerMbps: number;
    /** Where signaling's links and other SFU nodes' links come to. */
    linkPort: number;
    meshPort: number;
    /** What other SFU nodes send pipes to; null: the address browsers are told, or the listen address. */
    pipeAddress: string | null;
    /** Inclusive; null: any free port. */
    pipePorts: { min: number; max: number } | null;
    /** Where this node stands, by an operator's own names; signaling places people near it. Null: nowhere in particular. */
    region: string | null;
  };
  signaling: {
    port: number;
    /** The public address; null: the same origin as the pages. */
    url: string | null;
    /** Where the people connected here are, for the choice of their SFU node. */
    region: string | null;
    /** How many people of one class are given it as a stream of files when the SFU nodes are full; 0: none. */
    hlsViewers: number;
  };
  proctor: {
    /** Where health and metrics are asked for in a process of its own. */
    port: number;
    /** Threads that analyse pictures, one core each. */
    threads: number;
    /** 32 bytes: verdicts are signed with it. Null in production where no proctor runs. */
    signingKey: Buffer | null;
    /** Raw public keys under verdicts, 32 bytes each in base64; the one of `signingKey` is among them. */
    publicKeys: string[];
  };
  courseware: {
    /** Where packages of courseware are served, apart from the pages; 0 lets the system choose. */
    port: number;
    /** What browsers reach it by: an origin of its own. Null: the pages' host with that port, and in production nothing. */
    url: string | null;
  };
  turn: { urls: string[]; secret: string } | null;
  /** Where the keys of learners' faces are. `url` null: a database beside the main one, for one machine. */
  vault: {
    url: string | null;
    /** Newest first: the first wraps, all unwrap. */
    keys: [PiiKey, ...PiiKey[]];
  };
  /** The authority that knows names, numbers and pictures; null: staff decide. */
  identityVerifier: { url: string; secret: string } | null;
  /** What sends short messages; null: nothing does (outside production they are printed). */
  sms: { url: string; secret: string } | null;
  /** The organisation of those who register by themselves; null: nobody does. */
  selfRegistrationOrg: string | null;
  mediaStore: MediaStoreConfig;
  logLevel: LogLevel;
  /** Seed demonstration people, courses and classes. Never in production. */
  demo: boolean;
  /** The bearer token for /metrics; null: open, which production refuses. */
  metricsToken: string | null;
}

export type ServiceRole = 'web' | 'signaling' | 'sfu' | 'proctor';
const allRoles: readonly ServiceRole[] = ['web', 'signaling', 'sfu', 'proctor'];

const text = z.string().trim();
const port = z.coerce.number().int().min(0).max(65_535);
const secret = text.min(32, 'must have at least 32 characters');
const key32 = text.transform((value, context) => {
  const key = decodeKey(value);
  if (key) return key;
  context.addIssue({ code: 'custom', message: 'must be 32 bytes in base64 (openssl rand -base64 32)' });
  return z.NEVER;
});
const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');
const list = text.transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
const publicKeyList = list.transform((parts, context) =>
  parts.flatMap((part) => {
    const key = decodeKey(part);
    if (!key) context.addIssue({ code: 'custom', message: 'must be base64,… with 32 bytes each' });
    return key ?? [];
  }),
);
const keyList = list.transform((parts, context): PiiKey[] => {
  const keys: PiiKey[] = [];
  for (const part of parts) {
    const at = part.indexOf(':');
    const key = at > 0 ? decodeKey(part.slice(at + 1)) : null;
    if (key) keys.push({ id: part.slice(0, at), key });
    else
      context.addIssue({ code: 'custom', message: 'must be id:base64,… with 32 bytes each, newest first' });
  }
  if (new Set(keys.map(({ id }) => id)).size !== keys.length)
    context.addIssue({ code: 'custom', message: 'names an id twice' });
  return keys;
});
const portRange = text.transform((value, context) => {
  const [min = NaN, max = NaN] = value.split('-').map(Number);
  if (Number.isInteger(min) && Number.isInteger(max) && min > 0 && min <= max && max <= 65_535)
    return { min, max };
  context.addIssue({ code: 'custom', message: 'must be two ports such as 40000-49999' });
  return z.NEVER;
});
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) address' }).transform(withoutSlash);

const environment = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  HOST: text.optional(),
  PORT: port.default(3000),
  PUBLIC_URL: httpUrl.optional(),
  TLS_CERT_FILE: text.optional(),
  TLS_KEY_FILE: text.optional(),
  TRUST_PROXY: z.coerce.number().int().min(0).max(10).default(0),
  DATA_DIR: text.default('.data'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgresql:// address' }).optional(),
  EMBEDDED_PG_DIR: text.optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// address' }).optional(),
  TOKEN_SECRET: secret.optional(),
  SERVICE_SECRET: secret.optional(),
  PII_KEY: key32.optional(),
  PII_KEYS: keyList.optional(),
  LEDGER_KEY: key32.optional(),
  LEDGER_OLD_PUBLIC_KEYS: publicKeyList.default([]),
  CERTIFICATE_KEY: key32.optional(),
  CERTIFICATE_OLD_PUBLIC_KEYS: publicKeyList.default([]),
  PROCTOR_PUBLIC_KEYS: publicKeyList.default([]),
  SFU_LISTEN_IP: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' }).optional(),
  SFU_ANNOUNCED_ADDRESS: text.optional(),
  SFU_PORT_BASE: port.default(20_000),
  SFU_WORKERS: z.coerce.number().int().min(1).max(256).optional(),
  SFU_WORKER_CONSUMERS: z.coerce.number().int().min(1).max(100_000).default(500),
  SFU_WORKER_MBPS: z.coerce.number().int().min(1).max(100_000).default(400),
  SFU_LINK_PORT: port.default(3002),
  SFU_MESH_PORT: port.default(3004),
  SFU_PIPE_ADDRESS: text.optional(),
  SFU_PIPE_PORTS: portRange.optional(),
  REGION: text.regex(/^[\w.-]{1,64}$/, 'must be a short name').optional(),
  SIGNALING_PORT: port.default(3001),
  SIGNALING_URL: httpUrl.optional(),
  HLS_VIEWERS: z.coerce.number().int().min(0).max(1_000_000).default(2_000),
  PROCTOR_PORT: port.default(3003),
  COURSEWARE_PORT: port.optional(),
  COURSEWARE_URL: httpUrl.optional(),
  PROCTOR_THREADS: z.coerce.number().int().min(1).max(256).optional(),
  PROCTOR_KEY: key32.optional(),
  TURN_URLS: list.pipe(z.array(text.regex(/^turns?:/, 'must be turn: or turns: addresses'))).default([]),
  TURN_SECRET: text.optional(),
  VAULT_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgresql:// address' }).optional(),
  VAULT_KEYS: keyList.optional(),
  IDENTITY_VERIFIER_URL: httpUrl.optional(),
  IDENTITY_VERIFIER_SECRET: secret.optional(),
  SMS_URL: httpUrl.optional(),
  SMS_SECRET: secret.optional(),
  SELF_REGISTRATION_ORG: z.uuid({ error: 'must be the id of an organisation' }).optional(),
  MEDIA_DIR: text.optional(),
  S3_ENDPOINT: httpUrl.optional(),
  S3_BUCKET: text.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name').optional(),
  S3_REGION: text.regex(/^[a-z0-9-]{1,64}$/, 'must be a region such as us-east-1').optional(),
  S3_ACCESS_KEY_ID: text.optional(),
  S3_SECRET_ACCESS_KEY: text.optional(),
  S3_PREFIX: text
    .transform((value) => value.replace(/^\/+|\/+$/g, ''))
    .pipe(
      z
        .string()
        .max(200)
        .regex(/^(\w[\w.-]*(\/\w[\w.-]*)*)?$/, 'must be folder names such as keshi/media'),
    )
    .optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).optional(),
  DEMO: flag.optional(),
  METRICS_TOKEN: text.min(16, 'must have at least 16 characters').optional(),
});

/**
 * Reads the whole configuration once. An empty variable counts as absent. Everything that is wrong or missing is
 * reported together in one ConfigError. In production every secret must be given; elsewhere the missing ones are
 * made once and kept in DATA_DIR/secrets.json (mode 0600), so that a restart can still read what it wrote.
 * `runs` names the services of this process: only their settings are required.
 */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>>,
  { cwd = process.cwd(), runs = allRoles }: { cwd?: string; runs?: readonly ServiceRole[] } = {},
): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  const parsed = environment.safeParse(given);
  if (!parsed.success)
    throw new ConfigError([
      ...parsed.error.issues.map(
        (issue) => `${issue.path[0]?.toString() ?? 'environment'}: ${issue.message}`,
      ),
      ...(given.NODE_ENV === 'production' ? missingInProduction(given, runs) : []),
    ]);
  const e = parsed.data;
  const production = e.NODE_ENV === 'production';
  const problems: string[] = production ? missingInProduction(given, runs) : [];

  if (production && e.DEMO) problems.push('DEMO: demonstration data is refused in production');
  if (production && e.PUBLIC_URL && !e.PUBLIC_URL.startsWith('https://'))
    problems.push(
      'PUBLIC_URL: must be an https address in production (browsers refuse the camera without it)',
    );
  if (e.PII_KEY && e.PII_KEYS) problems.push('PII_KEY, PII_KEYS: give one of them, not both');
  if (Boolean(e.TLS_CERT_FILE) !== Boolean(e.TLS_KEY_FILE))
    problems.push('TLS_CERT_FILE, TLS_KEY_FILE: one needs the other');
  for (const name of ['TLS_CERT_FILE', 'TLS_KEY_FILE'] as const) {
    const file = e[name];
    if (file && !existsSync(resolve(cwd, file))) problems.push(`${name}: no such file`);
  }
  if (e.TURN_URLS.length > 0 !== Boolean(e.TURN_SECRET))
    problems.push('TURN_URLS, TURN_SECRET: one needs the other');
  if (e.COURSEWARE_URL && e.PUBLIC_URL && new URL(e.COURSEWARE_URL).origin === new URL(e.PUBLIC_URL).origin)
    problems.push(
      'COURSEWARE_URL: must be another origin than PUBLIC_URL, or courseware could act as its reader',
    );
  problems.push(...identityProblems(e, { production, runs }));
  const s3 = s3Of(e);
  if (s3 === 'incomplete')
    problems.push(
      'S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: recordings in S3 need all four (the other S3_ settings only go with them)',
    );
  if (s3 && e.MEDIA_DIR) problems.push('MEDIA_DIR, S3_ENDPOINT: recordings go to one of them, not both');
  const listenIp = e.SFU_LISTEN_IP ?? (production ? '0.0.0.0' : '127.0.0.1');
  if (production && runs.includes('sfu') && isWildcard(listenIp) && !e.SFU_ANNOUNCED_ADDRESS)
    problems.push(
      'SFU_ANNOUNCED_ADDRESS: missing (what browsers reach when the SFU listens on every address)',
    );

  const dataDir = resolve(cwd, e.DATA_DIR);
  if (problems.length > 0) throw new ConfigError(problems);
  const secrets = production ? null : loadDevelopmentSecrets(dataDir);
  const piiKeys = e.PII_KEYS ?? [{ id: 'k1', key: e.PII_KEY ?? fallback(secrets?.piiKey) }];
  const [newest, ...older] = piiKeys;
  if (!newest) throw new ConfigError(['PII_KEYS: must name at least one key']);
  const serviceSecret = e.SERVICE_SECRET ?? fallback(secrets?.serviceSecret);
  const [newestOfVault, ...olderOfVault] = e.VAULT_KEYS ?? [developmentVaultKey(serviceSecret)];
  const proctorKey = e.PROCTOR_KEY ?? secrets?.proctorKey ?? null;
  if (!newestOfVault) throw new ConfigError(['VAULT_KEYS: must name at least one key']);

  return {
    env: e.NODE_ENV,
    host: e.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port: e.PORT,
    publicUrl: e.PUBLIC_URL ?? `${e.TLS_CERT_FILE ? 'https' : 'http'}://localhost:${e.PORT}`,
    tls:
      e.TLS_CERT_FILE && e.TLS_KEY_FILE
        ? { certFile: resolve(cwd, e.TLS_CERT_FILE), keyFile: resolve(cwd, e.TLS_KEY_FILE) }
        : null,
    trustProxy: e.TRUST_PROXY,
    dataDir,
    databaseUrl: e.DATABASE_URL ?? null,
    embeddedPgDir: e.EMBEDDED_PG_DIR ? resolve(cwd, e.EMBEDDED_PG_DIR) : resolve(dataDir, 'postgres'),
    redisUrl: e.REDIS_URL ?? null,
    tokenSecret: e.TOKEN_SECRET ?? fallback(secrets?.tokenSecret),
    serviceSecret,
    piiKeys: [newest, ...older],
    ledger: {
      // Outside of production the key follows from another that is kept already, so that it stays the same.
      key: e.LEDGER_KEY ?? (secrets ? derived(secrets.piiKey, 'keshi ledger roots') : null),
      oldPublicKeys: e.LEDGER_OLD_PUBLIC_KEYS,
    },
    certificates: {
      key: e.CERTIFICATE_KEY ?? (secrets ? derived(secrets.piiKey, 'keshi certificates') : null),
      oldPublicKeys: e.CERTIFICATE_OLD_PUBLIC_KEYS,
    },
    sfu: {
      listenIp,
      announcedAddress: e.SFU_ANNOUNCED_ADDRESS ?? null,
      portBase: e.SFU_PORT_BASE,
      workers: e.SFU_WORKERS ?? Math.min(availableParallelism(), runs.length > 1 ? 4 : 256),
      workerConsumers: e.SFU_WORKER_CONSUMERS,
      workerMbps: e.SFU_WORKER_MBPS,
      linkPort: e.SFU_LINK_PORT,
      meshPort: e.SFU_MESH_PORT,
      pipeAddress: e.SFU_PIPE_ADDRESS ?? null,
      pipePorts: e.SFU_PIPE_PORTS ?? null,
      region: e.REGION ?? null,
    },
    signaling: {
      port: e.SIGNALING_PORT,
      url: e.SIGNALING_URL ?? null,
      region: e.REGION ?? null,
      hlsViewers: e.HLS_VIEWERS,
    },
    proctor: {
      port: e.PROCTOR_PORT,
      threads: e.PROCTOR_THREADS ?? Math.max(1, availableParallelism() - 1),
      signingKey: proctorKey,
      publicKeys: [
        ...(proctorKey ? [createSigner(proctorKey).publicKey] : []),
        ...e.PROCTOR_PUBLIC_KEYS.map((key) => key.toString('base64')),
      ],
    },
    courseware: {
      // Without an address that is given, in production nothing is served there.
      port: e.COURSEWARE_PORT ?? (production ? 3005 : 0),
      url: e.COURSEWARE_URL ?? null,
    },
    turn: e.TURN_SECRET ? { urls: e.TURN_URLS, secret: e.TURN_SECRET } : null,
    vault: { url: e.VAULT_URL ?? null, keys: [newestOfVault, ...olderOfVault] },
    identityVerifier: pairOf(e.IDENTITY_VERIFIER_URL, e.IDENTITY_VERIFIER_SECRET),
    sms: pairOf(e.SMS_URL, e.SMS_SECRET),
    selfRegistrationOrg: e.SELF_REGISTRATION_ORG ?? null,
    mediaStore:
      s3 && s3 !== 'incomplete'
        ? s3
        : { kind: 'folder', dir: e.MEDIA_DIR ? resolve(cwd, e.MEDIA_DIR) : resolve(dataDir, 'media') },
    logLevel: e.LOG_LEVEL ?? (e.NODE_ENV === 'test' ? 'warn' : 'info'),
    demo: e.DEMO ?? e.NODE_ENV === 'development',
    metricsToken: e.METRICS_TOKEN ?? null,
  };
}

function pairOf(url: string | undefined, secret: string | undefined): { url: string; secret: string } | null {
  return url && secret ? { url, secret } : null;
}

function identityProblems(
  e: z.infer<typeof environment>,
  { production, runs }: { production: boolean; runs: readonly ServiceRole[] },
): string[] {
  const problems: string[] = [];
  if (Boolean(e.IDENTITY_VERIFIER_URL) !== Boolean(e.IDENTITY_VERIFIER_SECRET))
    problems.push('IDENTITY_VERIFIER_URL, IDENTITY_VERIFIER_SECRET: one needs the other');
  if (Boolean(e.SMS_URL) !== Boolean(e.SMS_SECRET)) problems.push('SMS_URL, SMS_SECRET: one needs the other');
  if (e.VAULT_URL && e.VAULT_URL === e.DATABASE_URL)
    problems.push('VAULT_URL: must be another database than DATABASE_URL, whose backups would hold the keys');
  if (!production) return problems;
  for (const [name, url] of [
    ['IDENTITY_VERIFIER_URL', e.IDENTITY_VERIFIER_URL],
    ['SMS_URL', e.SMS_URL],
  ] as const)
    if (url && !url.startsWith('https://')) problems.push(`${name}: must be an https address in production`);
  if (e.SELF_REGISTRATION_ORG && !e.SMS_URL)
    problems.push('SELF_REGISTRATION_ORG: needs SMS_URL, which sends the codes');
  if (runs.includes('web'))
    for (const name of ['VAULT_URL', 'VAULT_KEYS'] as const)
      if (!e[name]) problems.push(`${name}: missing (required in production by the pages' service)`);
  return problems;
}

/** Of a machine that is not production: follows from its own service secret, so that it is kept where that one is. */
function developmentVaultKey(serviceSecret: string): PiiKey {
  return { id: 'dev', key: Buffer.from(hkdfSync('sha256', serviceSecret, 'keshi', 'vault', 32)) };
}

/** Null when no S3 setting is given at all. */
function s3Of(e: z.infer<typeof environment>): MediaStoreConfig | 'incomplete' | null {
  const {
    S3_ENDPOINT: endpoint,
    S3_BUCKET: bucket,
    S3_REGION: region,
    S3_ACCESS_KEY_ID: accessKeyId,
    S3_SECRET_ACCESS_KEY: secretAccessKey,
    S3_PREFIX: prefix,
  } = e;
  const given = [endpoint, bucket, region, accessKeyId, secretAccessKey, prefix];
  if (given.every((value) => value === undefined)) return null;
  if (!endpoint || !bucket || !accessKeyId || !secretAccessKey) return 'incomplete';
  return {
    kind: 's3',
    endpoint,
    bucket,
    region: region ?? 'us-east-1',
    accessKeyId,
    secretAccessKey,
    prefix: prefix ?? '',
  };
}

function missingInProduction(
  given: Record<string, string | undefined>,
  runs: readonly ServiceRole[],
): string[] {
  const required = ['PUBLIC_URL', 'TOKEN_SECRET', 'SERVICE_SECRET', 'METRICS_TOKEN'];
  if (runs.includes('web')) required.push('LEDGER_KEY', 'CERTIFICATE_KEY');
  const problems = required
    .filter((name) => !given[name])
    .map((name) => `${name}: missing (required in production)`);
  if (!given.PII_KEY && !given.PII_KEYS)
    problems.push('PII_KEY: missing (required in production, or PII_KEYS)');
  if (runs.includes('proctor') && !given.PROCTOR_KEY)
    problems.push('PROCTOR_KEY: missing (required in production where faces are checked)');
  return problems;
}

/** Reached only when production has been refused for the same reason already; it stands so that no type lies. */
function fallback<T>(value: T | undefined): T {
  if (value === undefined) throw new ConfigError(['a secret is missing']);
  return value;
}

function derived(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', purpose, 32));
}

function decodeKey(value: string): Buffer | null {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(value)) return null;
  return Buffer.from(value, 'base64');
}

function isWildcard(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::';
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
