import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { certificateFile, type CertificateLack, certificateRecord } from '@keshi/contract/certificates';
import { pageAudit } from '@keshi/db/audit';
import { certificatesOfPerson } from '@keshi/db/certificates';
import { canonicalJson } from '@keshi/runtime/signed-record';
import { verifyAsync } from '@noble/ed25519';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPrint } from '../src/certificates/print-signature.ts';
import { fileProblem } from '../src/certificates/sealing.ts';
import { createSigner } from '@keshi/runtime/signed-record';
import { type CertificateWorld, certificateWorld } from './certificate-world.ts';
import { minute } from './ledger-world.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
let here: CertificateWorld;
let learner: string;
const signerKey = Buffer.alloc(32, 10);
const verifier = fileURLToPath(new URL('../../../start/certificate-verify.ts', import.meta.url));
const { publicKey } = createSigner(signerKey);

beforeAll(async () => {
  web = await runWeb();
  here = await certificateWorld(web, 3);
  learner = await tokenOf(web, here.loginOf(here.learnerIds[0] ?? ''));
});
afterAll(() => web.close());

const group = () => ({ token: here.staff, params: { id: here.group.id } });
const listed = async () => (await call(web, 'groupCertificates', group())).body.rows;
const rowOf = async (userId = '') => {
  const row = (await listed()).find((one) => one.userId === userId);
  if (!row) throw new Error('not listed');
  return row;
};
const kinds = (lacks: readonly CertificateLack[]) => lacks.map(({ kind }) => kind);
const issueTo = (...userIds: string[]) => call(web, 'issueCertificates', { ...group(), body: { userIds } });
const numberOf = async (userId = '') => {
  const [one] = await certificatesOfPerson(web.db, userId);
  if (!one) throw new Error('has none');
  return one.number;
};
const lines = async (action: string) =>
  (await pageAudit(web.db, { under: here.school.path, action, limit: 500 })).rows;

describe('[CT1] who may get one', () => {
  it('is decided from what is on record, and says what is missing', async () => {
    const [first = '', second = ''] = here.learnerIds;
    expect(await rowOf(first)).toMatchObject({
      name: '张*',
      lacks: [],
      creditedMs: 90 * minute,
      attendance: 1,
      certificate: null,
    });
    await web.db.prisma.identityDocument.update({
      where: { userId: second },
      data: { state: 'pending', decidedAt: null, decidedBy: null },
    });
    expect(kinds((await rowOf(second)).lacks)).toEqual(['identity']);
    await web.db.prisma.incident.create({
      data: {
        id: here.newId(),
        kind: 'class',
        contextId: here.classId,
        userId: second,
        courseId: here.course.id,
        orgPath: here.school.path,
        openedAt: new Date(web.clock()),
        decideBy: new Date(web.clock()),
        keyId: here.newId(),
      },
    });
    expect(kinds((await rowOf(second)).lacks)).toEqual(['identity', 'incident']);
    const policy = { declaredHours: 4, minimumRate: 0.8 };
    await web.db.prisma.course.update({ where: { id: here.course.id }, data: { policy } });
    expect(kinds((await rowOf(first)).lacks)).toEqual(['hours']);
    await web.db.prisma.course.update({
      where: { id: here.course.id },
      data: { policy: { ...policy, requiredHours: 2 } },
    });
    expect(kinds((await rowOf(first)).lacks)).toEqual([]);
  });

  it('is refused to who lacks something, and to nobody else', async () => {
    const [, second = ''] = here.learnerIds;
    expect((await issueTo(second)).body).toEqual({ issued: 0, already: 0, refused: 1 });
    expect(await certificatesOfPerson(web.db, second)).toEqual([]);
  });
});

describe('[CT2] one certificate', () => {
  it('is issued once, however often the button is pressed at once', async () => {
    const [first = ''] = here.learnerIds;
    const answers = await Promise.all(Array.from({ length: 10 }, () => issueTo(first)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(answers.reduce((sum, { body }) => sum + body.issued, 0)).toBe(1);
    expect(answers.reduce((sum, { body }) => sum + body.already, 0)).toBe(9);
    expect(await certificatesOfPerson(web.db, first)).toHaveLength(1);
    const [line, ...more] = await lines('certificate.issued');
    expect(more).toEqual([]);
    expect(line).toMatchObject({ actorId: here.staffId, targetId: first });
  });

  it('is on its holder’s page, with what is missing elsewhere', async () => {
    const { body } = await call(web, 'ownCertificates', { token: learner });
    expect(body.rows).toMatchObject([
      { courseTitle: '电工基础', lacks: [], certificate: { number: await numberOf(here.learnerIds[0]) } },
    ]);
  });

  it('cannot be changed or deleted in the database', async () => {
    for (const statement of [
      `UPDATE "Certificate" SET "record" = '{}'`,
      `UPDATE "Certificate" SET "signature" = 'x'`,
      `UPDATE "Certificate" SET "userId" = gen_random_uuid()`,
      'DELETE FROM "Certificate"',
      'TRUNCATE "Certificate"',
    ])
      await expect(web.db.sql(statement)).rejects.toThrow(/does not change|are kept/);
  });
});

describe('[CT3] the public page', () => {
  it('needs no login, names nobody, and its text verifies by another library and the published key', async () => {
    const number = await numberOf(here.learnerIds[0]);
    const { body } = await call(web, 'verifyCertificate', { params: { number: number.toLowerCase() } });
    expect(body).toMatchObject({ holds: true, revoked: null });
    expect(body.signed).not.toContain('张三');
    const record = certificateRecord.parse(JSON.parse(body.signed));
    expect(record).toMatchObject({ number, holder: { maskedName: '张*' }, attendancePermille: 1000 });
    const { keys } = (await call(web, 'certificateKeys')).body;
    const key = keys.find(({ kid }) => kid === body.keyId);
    const verified = (text: string) =>
      verifyAsync(
        Buffer.from(body.signature, 'base64'),
        Buffer.from(text),
        Buffer.from(key?.x ?? '', 'base64url'),
      );
    expect(await verified(body.signed)).toBe(true);
    expect(await verified(body.signed.replace('张*', '李*'))).toBe(false);
  });

  it('knows no number that was never given, and tells a slip from one', async () => {
    const unknown = await call(web, 'verifyCertificate', { params: { number: 'KS2026-0000-0000-0000' } });
    expect(unknown.error?.code).toBe('invalid-input');
  });
});

describe('[CT3] the files', () => {
  it('of its holder are the signed record with what opens it, and the printed form with the same attached', async () => {
    const number = await numberOf(here.learnerIds[0]);
    const json = await call(web, 'certificateFile', { token: learner, params: { number, format: 'json' } });
    const file = certificateFile.parse(JSON.parse(json.bytes.toString('utf8')));
    expect(file.holder).toMatchObject({ name: '张三', document: { kind: 'id-card' } });
    expect(fileProblem(file, [publicKey])).toBeNull();
    const hash = createHash('sha256').update(canonicalJson(file.holder)).digest('hex');
    expect(hash).toBe(file.record.holder.hash);
    expect(fileProblem({ ...file, holder: { ...file.holder, name: '李四' } }, [publicKey])).toBe(
      'other-holder',
    );
    expect(fileProblem({ ...file, record: { ...file.record, creditedMs: 1 } }, [publicKey])).toBe(
      'not-signed',
    );
    expect(fileProblem(file, [createSigner(Buffer.alloc(32, 1)).publicKey])).toBe('not-signed');

    const pdf = await call(web, 'certificateFile', { token: learner, params: { number, format: 'pdf' } });
    expect(pdf.headers.get('content-type')).toBe('application/pdf');
    expect(pdf.bytes.subarray(0, 5).toString()).toBe('%PDF-');
    expect(readPrint(pdf.bytes, [publicKey])).toEqual({ ok: true, file });
    for (const at of [100, pdf.bytes.length >> 1, pdf.bytes.length - 200]) {
      const altered = Buffer.from(pdf.bytes);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(readPrint(altered, [publicKey])).toMatchObject({ ok: false });
    }
    expect(readPrint(pdf.bytes.subarray(0, -120), [publicKey])).toEqual({ ok: false, problem: 'no-print' });
  });

  it('are verified offline by the tool and the published keys, and refused when they are not what was signed', async () => {
    const number = await numberOf(here.learnerIds[0]);
    const dir = await mkdtemp(join(tmpdir(), 'keshi-certificate-'));
    const put = async (name: string, content: Buffer | string) => {
      await writeFile(join(dir, name), content);
      return join(dir, name);
    };
    const get = async (format: 'pdf' | 'json') =>
      (await call(web, 'certificateFile', { token: learner, params: { number, format } })).bytes;
    const [pdf, json] = [await get('pdf'), await get('json')];
    const keys = await put('keys.json', (await call(web, 'certificateKeys')).bytes);
    const verify = async (...files: string[]) => {
      const env = { PATH: process.env['PATH'] };
      return promisify(execFile)(process.execPath, [verifier, '--keys', keys, ...files], { env }).then(
        ({ stdout }) => ({ code: 0, stdout }),
        (error: { code?: number; stdout?: string }) => ({ code: error.code, stdout: error.stdout ?? '' }),
      );
    };
    const good = await verify(await put('a.pdf', pdf), await put('a.json', json));
    expect(good.code).toBe(0);
    expect(good.stdout.match(/holds: KS\d{4}-[\w-]+, 张三, 电工基础/g)).toHaveLength(2);
    const changed = json.toString('utf8').replace('张三', '李四');
    const painted = Buffer.from(pdf);
    painted[painted.length >> 1] = (painted[painted.length >> 1] ?? 0) ^ 1;
    const bad = await verify(
      await put('b.json', changed),
      await put('b.pdf', painted),
      await put('c.txt', 'x'),
    );
    expect(bad.code).toBe(1);
    expect(bad.stdout.match(/does not hold: [\w-]+/g)).toEqual([
      'does not hold: other-holder',
      'does not hold: print-altered',
      'does not hold: not-read',
    ]);
    await rm(dir, { recursive: true });
  });

  it('are given to staff as one archive, and that is on the log', async () => {
    await issueTo(...here.learnerIds);
    const zip = await call(web, 'certificatesZip', group());
    expect(zip.status).toBe(200);
    const text = zip.bytes.toString('latin1');
    for (const userId of [here.learnerIds[0], here.learnerIds[2]])
      expect(text).toContain(`${await numberOf(userId)}.pdf`);
    expect(await lines('certificate.printed')).toMatchObject([
      { actorId: here.staffId, detail: { people: 2 } },
    ]);
  });
});

describe('revocation', () => {
  it('[CT2] keeps the record, shows on the public page, and happens once', async () => {
    const userId = here.learnerIds[2] ?? '';
    const number = await numberOf(userId);
    const body = { ground: 'violation', reason: '查实替课' } as const;
    const revoke = (token: string) => call(web, 'revokeCertificate', { token, params: { number }, body });
    expect((await revoke(await tokenOf(web, 'staff'))).error?.code).toBe('not-found');
    expect((await revoke(here.staff)).body).toMatchObject({ number, revoked: { ground: 'violation' } });
    expect((await revoke(here.staff)).error?.code).toBe('outdated');
    const page = await call(web, 'verifyCertificate', { params: { number } });
    expect(page.body).toMatchObject({ holds: true, revoked: { ground: 'violation' } });
    expect(JSON.stringify(page.body)).not.toContain('替课');
    expect(await lines('certificate.revoked')).toMatchObject([{ targetId: userId, detail: { number } }]);
    // Whoever earns it anew gets another, with another number.
    expect((await issueTo(userId)).body).toEqual({ issued: 1, already: 0, refused: 0 });
    expect(await numberOf(userId)).not.toBe(number);
    expect((await call(web, 'verifyCertificate', { params: { number } })).body.revoked).not.toBeNull();
  });
});

it('[CT3] what an old key signed still holds after a rotation, and what its loss costs is told', async () => {
  const number = await numberOf(here.learnerIds[0]);
  const next = Buffer.alloc(32, 77);
  const old = Buffer.from(publicKey, 'base64');
  const rotated = await web.another({ certificates: { key: next, oldPublicKeys: [old] } });
  const lost = await web.another({ certificates: { key: next, oldPublicKeys: [] } });
  const seen = async (url: string) =>
    (await call({ url }, 'verifyCertificate', { params: { number } })).body.holds;
  expect(await seen(rotated.url)).toBe(true);
  expect(await seen(lost.url)).toBe(false);
  const told = async (url: string) => (await call({ url }, 'health')).body.checks['certificate-keys']?.status;
  expect([await told(rotated.url), await told(lost.url)]).toEqual(['ok', 'degraded']);
  const { keys } = (await call({ url: rotated.url }, 'certificateKeys')).body;
  expect(keys.map(({ x }) => x)).toEqual([
    Buffer.from(createSigner(next).publicKey, 'base64').toString('base64url'),
    old.toString('base64url'),
  ]);
  await rotated.close();
  await lost.close();
});
