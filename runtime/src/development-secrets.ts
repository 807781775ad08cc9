import { hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';

const base64Key = z
  .base64()
  .transform((value) => Buffer.from(value, 'base64'))
  .refine((key) => key.length === 32);
const stored = z
  .object({
    tokenSecret: z.string().min(32),
    serviceSecret: z.string().min(32),
    piiKey: base64Key,
    proctorKey: base64Key.optional(),
  })
  // A file from before there was this key: made from another, it is the same in every process without writing it down.
  .transform((secrets) => ({ ...secrets, proctorKey: secrets.proctorKey ?? derived(secrets.serviceSecret) }));

const derived = (secret: string) => Buffer.from(hkdfSync('sha256', secret, '', 'keshi proctor key', 32));

export type DevelopmentSecrets = z.infer<typeof stored>;

/**
 * The secrets of a machine that is not production: made once, kept in `secrets.json` under the data directory.
 * Several processes may start at once; the first file to be linked wins and all read that one.
 */
export function loadDevelopmentSecrets(dataDir: string): DevelopmentSecrets {
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, 'secrets.json');
  return readSecrets(file) ?? makeSecrets(file);
}

function makeSecrets(file: string): DevelopmentSecrets {
  const fresh = () => randomBytes(32).toString('base64');
  const secrets = { tokenSecret: fresh(), serviceSecret: fresh(), piiKey: fresh(), proctorKey: fresh() };
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify(secrets, null, 2), { mode: 0o600, flag: 'wx' });
  try {
    // A link is made whole or not at all, and never over a file another process has just made.
    linkSync(draft, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(draft);
  }
  const read = readSecrets(file);
  if (!read) throw new ConfigError([`${file}: cannot be written`]);
  return read;
}

function readSecrets(file: string): DevelopmentSecrets | null {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw new ConfigError([`${file}: cannot be read`]);
  }
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  // A damaged file is not replaced by new keys: what was encrypted with the old ones would be lost for good.
  const parsed = stored.safeParse(parseJson(content));
  if (!parsed.success) throw new ConfigError([`${file}: is damaged; restore it, or remove it with its data`]);
  return parsed.data;
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
