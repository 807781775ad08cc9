import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LedgerRootsFile } from '@keshi/contract/ledger';
import { type StoredRoot, readRoots } from '@keshi/db/ledger-roots';
import { type TestDatabase, testDatabase } from '@keshi/db/testing/database';
import { link } from '@keshi/rules/ledger';
import { entriesOfCourse } from '@keshi/db/ledger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRootSigner, trustedKeys } from '../src/ledger/root-signer.ts';
import { verifyLedger } from '../src/ledger/verify.ts';
import { ledgerKey, ledgerWorld, type LedgerWorld, minute, startWorker } from './ledger-world.ts';

const day = 24 * 3_600_000;
const hour = 45 * minute;
const signer = createRootSigner(ledgerKey);
const keys = trustedKeys([Buffer.from(signer.publicKey, 'base64')]);
const program = fileURLToPath(new URL('../../../start/ledger-verify.ts', import.meta.url));

let test: TestDatabase;
let here: LedgerWorld;
let victim: string;
let kept: StoredRoot[];
let folder: string;
let now: number;

/** Three classes on three days, and a root for each day that is over. */
beforeEach(async () => {
  test = await testDatabase();
  here = await ledgerWorld(test.db, 3);
  victim = here.learnerIds[1] ?? '';
  folder = await mkdtemp(path.join(tmpdir(), 'keshi-roots-'));
  now = Date.UTC(2026, 10, 2, 4);
  const worker = startWorker(test.db, { clock: () => now });
  for (let n = 0; n < 3; n += 1) {
    const classId = await here.held(now - 2 * hour, 45);
    await here.attends(classId, here.learnerIds, now - 2 * hour, now - hour);
    await here.signsIn(classId, here.learnerIds, 1, now - 2 * hour);
    // The facts were stored by a clock of today's.
    await test.db.sql('UPDATE "ClassSettlement" SET "changedAt" = "endedAt"');
    await worker.sweep();
    now += day;
  }
  await worker.sweep();
  kept = [];
  for await (const root of readRoots(test.db)) kept.push(root);
});
afterEach(async () => {
  await test.close();
  await rm(folder, { recursive: true, force: true });
});

/** What somebody does who may do anything in the database. */
const tamper = (...statements: string[]) =>
  test.db.transaction(async (sql) => {
    await sql(`SET LOCAL session_replication_role = 'replica'`);
    for (const statement of statements) await sql(statement.replaceAll('$victim', `'${victim}'`));
  });
const problems = async (file: readonly StoredRoot[] = []) =>
  (await verifyLedger(test.db, keys, file)).problems;
const inChain = (seq: number, reason: string) => ({ of: 'chain', learnerId: victim, seq, reason });
const bend = (set: string, seq: number) =>
  tamper(`UPDATE "LedgerEntry" SET ${set} WHERE "learnerId" = $victim AND "seq" = ${seq}`);

describe('a ledger as it was written', () => {
  it('holds, with a root for every day that is over', async () => {
    expect(kept.map(({ day: of, learners, entries }) => [of, learners, entries])).toEqual([
      ['2026-11-02', 3, 3],
      ['2026-11-03', 3, 6],
      ['2026-11-04', 3, 9],
    ]);
    expect(await verifyLedger(test.db, keys, kept)).toEqual({
      learners: 3,
      entries: 9,
      roots: 3,
      problems: [],
    });
    // A file of the later days alone.
    expect(await problems(kept.slice(1))).toEqual([]);
  });

  it('has its root made once by several makers, and days without a class have theirs', async () => {
    now += 3 * day;
    await Promise.all([1, 2, 3].map(() => startWorker(test.db, { clock: () => now }).sweep()));
    const { roots, problems: found } = await verifyLedger(test.db, keys, kept);
    expect([roots, found]).toEqual([6, []]);
  });
});

describe('a ledger that was touched', () => {
  it.each([
    ['a sum', `"deltaMs" = "deltaMs" + 60000`],
    ['a balance', `"balanceMs" = 0`],
    ['a reason', `"content" = jsonb_set("content", '{creditedMs}', '1')`],
    ['a moment', `"at" = "at" + interval '1 day'`],
    ['the course', `"courseId" = "learnerId"`],
    ['what no entry looks like', `"content" = '{"kind":"settlement"}'`],
  ])('names the entry in which %s was altered', async (_, set) => {
    await bend(set, 2);
    expect((await problems())[0]).toEqual(inChain(2, 'altered'));
  });

  it('names the gap where an entry was taken out', async () => {
    await tamper('DELETE FROM "LedgerEntry" WHERE "learnerId" = $victim AND "seq" = 2');
    expect((await problems())[0]).toEqual(inChain(2, 'missing'));
  });

  it('names where two entries changed places', async () => {
    for (const [from, to] of [
      [3, 99],
      [2, 3],
      [99, 2],
    ] as const)
      await tamper(`UPDATE "LedgerEntry" SET "seq" = ${to} WHERE "learnerId" = $victim AND "seq" = ${from}`);
    expect((await problems())[0]).toEqual(inChain(2, 'reordered'));
  });

  it('names the end that was cut off, by the roots on record or by those that were kept elsewhere', async () => {
    await tamper('DELETE FROM "LedgerEntry" WHERE "learnerId" = $victim AND "seq" = 3');
    expect((await problems())[0]).toEqual(inChain(3, 'truncated'));
    await tamper('DELETE FROM "LedgerRootChange"', 'DELETE FROM "LedgerRoot"');
    expect(await problems()).toEqual([]);
    expect((await problems(kept))[0]).toEqual(inChain(3, 'truncated'));
  });

  it('names a chain that is gone as a whole', async () => {
    await tamper('DELETE FROM "LedgerEntry" WHERE "learnerId" = $victim');
    expect((await problems())[0]).toEqual(inChain(1, 'truncated'));
    await tamper('DELETE FROM "LedgerRootChange"', 'DELETE FROM "LedgerRoot"');
    expect((await problems(kept))[0]).toEqual(inChain(1, 'truncated'));
  });

  it('names a chain that was rewritten with all its hashes', async () => {
    const [first, ...rest] = await entriesOfCourse(test.db, victim, here.course.id);
    if (!first) throw new Error('no entries');
    let before = first;
    for (const { seq: _s, hash: _h, previousHash: _p, ...said } of rest) {
      before = link(before, { ...said, at: said.at + 1 });
      const { seq, hash, previousHash, at } = before;
      await bend(
        `"at" = '${new Date(at).toISOString()}', "hash" = '${hash}', "previousHash" = '${previousHash}'`,
        seq,
      );
    }
    expect((await problems())[0]).toEqual(inChain(2, 'rewritten'));
  });

  it('sees an entry that was slipped in under a signed root', async () => {
    const entries = await entriesOfCourse(test.db, victim, here.course.id);
    const last = entries.at(-1);
    if (!last) throw new Error('no entries');
    await tamper(
      `INSERT INTO "LedgerEntry" SELECT "learnerId", 4, (SELECT min("position") - 1 FROM "LedgerEntry"), "courseId", 'x', "at",
         "earnedAt", "capMs", 0, "balanceMs", "content", '${last.hash}', '${createHash('sha256').update('x').digest('hex')}'
       FROM "LedgerEntry" WHERE "learnerId" = $victim AND "seq" = 3`,
    );
    expect((await problems())[0]).toEqual(inChain(4, 'altered'));
    expect(await problems()).toContainEqual({ of: 'root', day: '2026-11-02', reason: 'not-of-these-chains' });
  });

  it('says which root was altered, not signed by us, taken out or put in the place of another', async () => {
    await tamper(`UPDATE "LedgerRoot" SET "entries" = 7 WHERE "day" = '2026-11-03'`);
    expect(await problems()).toEqual([{ of: 'root', day: '2026-11-03', reason: 'altered' }]);
    await tamper(`UPDATE "LedgerRoot" SET "entries" = 6 WHERE "day" = '2026-11-03'`);
    const foreign = createRootSigner(Buffer.alloc(32, 1)).sign(kept[1]?.hash ?? '');
    await tamper(`UPDATE "LedgerRoot" SET "signature" = '${foreign}' WHERE "day" = '2026-11-03'`);
    expect(await problems()).toEqual([{ of: 'root', day: '2026-11-03', reason: 'not-signed' }]);
    await tamper(
      `DELETE FROM "LedgerRootChange" WHERE "day" = '2026-11-03'`,
      `DELETE FROM "LedgerRoot" WHERE "day" = '2026-11-03'`,
    );
    expect(await problems(kept)).toEqual([
      { of: 'root', day: '2026-11-04', reason: 'unlinked' },
      { of: 'root', day: '2026-11-03', reason: 'missing' },
    ]);
  });

  it('believes no file that we have not signed', async () => {
    const [first, ...others] = kept;
    if (!first) throw new Error('no roots');
    const forged = [{ ...first, learners: 99 }, ...others];
    expect(await problems(forged)).toEqual([{ of: 'root', day: '2026-11-02', reason: 'altered' }]);
  });
});

describe('npm run ledger:verify', () => {
  const run = async (...args: string[]) => {
    const env = {
      ...process.env,
      DATABASE_URL: test.url,
      LEDGER_KEY: ledgerKey.toString('base64'),
      DATA_DIR: folder,
    };
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { env });
      return { code: 0, said: stdout };
    } catch (error) {
      const { code, stdout, stderr } = Object(error);
      return { code, said: `${stdout}${stderr}` };
    }
  };

  it('says that it holds, names the first broken link with code 1, and a file that is none with code 2', async () => {
    const file = path.join(folder, 'roots.json');
    const content: LedgerRootsFile = {
      format: 'keshi-ledger-roots',
      version: 1,
      publicKeys: { [signer.keyId]: signer.publicKey },
      roots: kept,
    };
    await writeFile(file, JSON.stringify(content));
    const sound = await run('--roots', file);
    expect(sound).toEqual({
      code: 0,
      said: 'The ledger holds: 9 entries of 3 learners, 3 signed roots, 3 of them as in the file.\n',
    });
    expect((await run('--key', signer.publicKey)).code).toBe(0);
    expect((await run('--key', Buffer.alloc(32, 5).toString('base64'))).said).toContain('not-signed');

    await tamper('DELETE FROM "LedgerEntry" WHERE "learnerId" = $victim AND "seq" = 3');
    const broken = await run('--roots', file);
    expect(broken.code).toBe(1);
    expect(broken.said).toContain(`learner ${victim}, entry 3: truncated`);

    await writeFile(file, JSON.stringify({ format: randomUUID() }));
    expect((await run('--roots', file)).code).toBe(2);
  });
});
