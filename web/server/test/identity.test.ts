import { openPicture, openReferences } from '@keshi/db/face-references';
import { checkDigitOf } from '@keshi/rules/documents';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consentTextFor } from '../src/identity/consent-text.ts';
import { drawJpeg, skins } from './drawn-faces.ts';
import { enrolFace, giveConsent, sendFrame } from './identity-steps.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
const tokens: Record<'learner' | 'second' | 'evil' | 'teacher' | 'staff' | 'admin', string> = {
  learner: '',
  second: '',
  evil: '',
  teacher: '',
  staff: '',
  admin: '',
};
beforeAll(async () => {
  web = await runWeb();
  for (const who of ['learner', 'second', 'evil', 'teacher', 'staff', 'admin'] as const)
    tokens[who] = await tokenOf(web, who);
});
afterAll(() => web.close());

const own = async (token: string) => (await call(web, 'ownIdentity', { token })).body;
const auditOf = async (login: string) =>
  (
    await web.db.prisma.auditEntry.findMany({
      where: { targetId: web.world.idOf(login) },
      orderBy: { id: 'asc' },
    })
  ).map(({ action }) => action);
const card = '11010519491231002X';
const queue = async (token = tokens.staff) => (await call(web, 'identityQueue', { token })).body.rows;

describe('[B1] a document', () => {
  it('that cannot be right is refused, with what is wrong', async () => {
    const give = (number: string) =>
      call(web, 'giveDocument', { token: tokens.learner, body: { kind: 'id-card', number } });
    expect((await give('110105194912310021')).error).toEqual({
      code: 'invalid-input',
      fields: ['body.number.check-digit'],
    });
    expect((await give('1101')).error?.fields).toEqual(['body.number.length']);
  });

  it('is kept masked, and is one person’s alone', async () => {
    const body = { kind: 'id-card' as const, number: card };
    const given = await call(web, 'giveDocument', { token: tokens.learner, body });
    expect(given.body.document).toMatchObject({ masked: '110*************2X', state: 'pending' });
    expect(given.body).toMatchObject({ decider: 'person', confirmed: false });
    const taken = await call(web, 'giveDocument', {
      token: tokens.second,
      body: { kind: 'social-security', number: card.toLowerCase() },
    });
    expect(taken.error).toEqual({ code: 'conflict', fields: ['body.number'] });
    expect(web.lines.join('\n')).not.toContain(card);
  });
});

describe('[PR1] consent', () => {
  it('stands before every picture, with a code of its own', async () => {
    const before = await call(web, 'beginFace', { token: tokens.learner, body: { replace: false } });
    expect([before.status, before.error?.code]).toEqual([403, 'consent-required']);
    const id = '00000000-0000-4000-8000-000000000000';
    const frame = await sendFrame(web, tokens.learner, { id, step: 0 }, {});
    expect(frame.error?.code).toBe('consent-required');
  });

  it('is to the text that was shown, word for word', async () => {
    const { shown, text } = consentTextFor('zh-CN');
    const body = { decision: 'given' as const, locale: 'zh-CN' as const, version: shown.version };
    const other = await call(web, 'giveConsent', {
      token: tokens.learner,
      body: { ...body, hash: consentTextFor('en').shown.hash },
    });
    expect(other.error?.code).toBe('outdated');
    expect((await giveConsent(web, tokens.learner)).body).toMatchObject({
      path: 'face',
      gaps: expect.any(Array),
    });
    const record = await web.db.prisma.consentRecord.findFirstOrThrow({
      where: { userId: web.world.idOf('learner') },
      include: { text: true },
    });
    expect(record).toMatchObject({ action: 'given', version: shown.version, textHash: shown.hash });
    expect(record.text.text).toBe(text);
  });

  it('may be refused: a person checks then, and nothing dead-ends', async () => {
    expect((await giveConsent(web, tokens.second, 'refused')).body).toMatchObject({
      path: 'person',
      gaps: ['phone', 'document'],
    });
    const first17 = '81000019900307451';
    const body = { kind: 'hk-macau-residence' as const, number: first17 + checkDigitOf(first17) };
    await call(web, 'giveDocument', { token: tokens.second, body });
    const row = (await queue()).find(({ userId }) => userId === web.world.idOf('second'));
    expect(row).toMatchObject({ face: null, authority: 'none', name: '司**' });
    const decided = await call(web, 'decideIdentity', {
      token: tokens.staff,
      params: { id: row?.userId ?? '' },
      body: { decision: 'confirm', reason: '当面核对证件', seen: row?.seen ?? '' },
    });
    expect(decided.status).toBe(204);
    expect(await own(tokens.second)).toMatchObject({ confirmed: true, gaps: ['phone'], path: 'person' });
  });
});

describe('[PR2] the reference', () => {
  it('says of every bad frame what to change, and keeps none of them', async () => {
    const { body: begun } = await call(web, 'beginFace', { token: tokens.learner, body: { replace: false } });
    const at = { id: begun.id, step: 0 };
    const wrong = begun.pose === 'left' ? 'right' : 'left';
    const adviceOf = async (drawing: Parameters<typeof sendFrame>[3]) =>
      (await sendFrame(web, tokens.learner, at, { pose: begun.pose, ...drawing })).body;
    const asked = { centre: 'look-ahead', left: 'turn-left', right: 'turn-right' }[begun.pose];
    expect(await adviceOf({ faces: 0 })).toEqual({ kind: 'again', advice: 'no-face' });
    expect(await adviceOf({ faces: 2, size: 0.2 })).toEqual({ kind: 'again', advice: 'many-faces' });
    expect(await adviceOf({ light: 0.2 })).toEqual({ kind: 'again', advice: 'too-dark' });
    expect(await adviceOf({ size: 0.08 })).toEqual({ kind: 'again', advice: 'too-small' });
    expect(await adviceOf({ blurred: true })).toEqual({ kind: 'again', advice: 'blurred' });
    expect(await adviceOf({ pose: wrong })).toEqual({ kind: 'again', advice: asked });
    const text = await call(web, 'sendFrame', {
      token: tokens.learner,
      params: at,
      upload: new Blob(['no picture']),
    });
    expect(text.body).toEqual({ kind: 'again', advice: 'not-a-picture' });
    expect(await web.db.prisma.faceChallengeFrame.count()).toBe(0);
  });

  it('refuses what is no JPEG by its type, nothing at all, and too much, before looking at it', async () => {
    const { body: begun } = await call(web, 'beginFace', { token: tokens.learner, body: { replace: false } });
    const send = (body: string | Uint8Array<ArrayBuffer>, type = 'image/jpeg') =>
      fetch(`${web.url}/api/identity/face/${begun.id}/frames/0`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokens.learner}`, 'content-type': type },
        body,
      });
    expect((await send(new Uint8Array(new Uint8Array(await drawJpeg())), 'image/png')).status).toBe(400);
    expect((await send('')).status).toBe(400);
    expect((await send(new Uint8Array(600_001))).status).toBe(413);
  });

  it('takes one person alone: another one among the frames ends the attempt', async () => {
    const { body: begun } = await call(web, 'beginFace', { token: tokens.learner, body: { replace: false } });
    const { id } = begun;
    const first = await sendFrame(web, tokens.learner, { id, step: 0 }, { pose: begun.pose });
    if (first.body.kind !== 'next') throw new Error('the first frame is good');
    const { pose } = first.body;
    const seen: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const other = await sendFrame(web, tokens.learner, { id, step: 1 }, { pose, skin: skins.two });
      seen.push(other.body.kind === 'again' ? other.body.advice : other.body.kind);
    }
    expect(seen).toEqual(['other-person', 'other-person', 'other-person', 'other-person', 'failed']);
    const over = await sendFrame(web, tokens.learner, { id, step: 1 }, { pose });
    expect(over.error?.code).toBe('challenge-over');
  });

  it('takes each turn once, in order, before the deadline, and from its own person alone', async () => {
    const { body: begun } = await call(web, 'beginFace', { token: tokens.learner, body: { replace: false } });
    const { id, pose } = begun;
    await giveConsent(web, tokens.evil);
    expect((await sendFrame(web, tokens.evil, { id, step: 0 }, { pose })).error?.code).toBe('not-found');
    expect((await sendFrame(web, tokens.learner, { id, step: 1 }, { pose })).error?.code).toBe(
      'challenge-over',
    );
    const both = await Promise.all(
      [1, 2].map(() => sendFrame(web, tokens.learner, { id, step: 0 }, { pose })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    web.pass(121_000);
    const late = await sendFrame(web, tokens.learner, { id, step: 1 }, { pose: 'left' });
    expect(late.error?.code).toBe('challenge-over');
  });

  it('is provisional, sealed under the learner’s key, and replaced only when that is asked for', async () => {
    expect(await enrolFace(web, tokens.learner)).toEqual({ kind: 'done' });
    expect((await own(tokens.learner)).face).toMatchObject({ state: 'provisional' });
    const again = await call(web, 'beginFace', { token: tokens.learner, body: { replace: false } });
    expect(again.error?.code).toBe('conflict');
    expect(await enrolFace(web, tokens.learner, { replace: true })).toEqual({ kind: 'done' });
    const opened = await openReferences(web.db, web.vault, web.world.idOf('learner'));
    expect(opened?.references.map(({ pose }) => pose).sort()).toEqual(['centre', 'left', 'right']);
    expect(await auditOf('learner')).toEqual(
      expect.arrayContaining(['consent.given', 'face.enrolled', 'face.replacement-begun', 'face.replaced']),
    );
  });

  it('is given step by step on any node', async () => {
    const second = await web.another();
    try {
      const { body: begun } = await call(web, 'beginFace', { token: tokens.evil, body: { replace: false } });
      const { id } = begun;
      let { step, pose } = begun;
      for (const node of [second, web, second, web]) {
        const { body } = await sendFrame(node, tokens.evil, { id, step }, { pose, skin: skins.two });
        if (body.kind === 'next') ({ step, pose } = body);
        else expect(body).toEqual({ kind: 'done' });
      }
    } finally {
      await second.close();
    }
  });
});

describe('[PR2] the queue', () => {
  it('shows facts side by side only with a reason, which is on the log, and the picture with them', async () => {
    const id = web.world.idOf('learner');
    const row = (await queue()).find(({ userId }) => userId === id);
    expect(JSON.stringify(row)).not.toContain('欧阳晓雪');
    const shown = await call(web, 'revealIdentity', {
      token: tokens.staff,
      params: { id },
      body: { reason: '核对身份' },
    });
    expect(shown.body).toMatchObject({ name: '欧阳晓雪', number: card, birthDate: '1949-12-31' });
    expect(
      Buffer.from(shown.body.picture ?? '', 'base64')
        .subarray(0, 2)
        .toString('hex'),
    ).toBe('ffd8');
    expect(await auditOf('learner')).toContain('identity.revealed');
  });

  it('confirms what was seen; afterwards it opens no way to the person any more', async () => {
    const params = { id: web.world.idOf('learner') };
    const { seen = '' } = (await queue()).find(({ userId }) => userId === params.id) ?? {};
    const decide = (version: string) =>
      call(web, 'decideIdentity', {
        token: tokens.staff,
        params,
        body: { decision: 'confirm', reason: '与身份证照片一致', seen: version },
      });
    expect((await decide('1/-')).error?.code).toBe('outdated');
    expect((await decide(seen)).status).toBe(204);
    expect(await own(tokens.learner)).toMatchObject({
      confirmed: true,
      face: { state: 'confirmed' },
      decider: null,
    });
    const late = await call(web, 'revealIdentity', {
      token: tokens.staff,
      params,
      body: { reason: '再看看' },
    });
    expect(late.error?.code).toBe('not-found');
  });

  it('refuses with a reason the learner reads, who then begins anew', async () => {
    const params = { id: web.world.idOf('evil') };
    await call(web, 'giveDocument', {
      token: tokens.evil,
      body: { kind: 'taiwan-travel', number: '12345678' },
    });
    const { seen = '' } = (await queue()).find(({ userId }) => userId === params.id) ?? {};
    await call(web, 'decideIdentity', {
      token: tokens.staff,
      params,
      body: { decision: 'refuse', reason: '照片不是本人', seen },
    });
    const refused = await own(tokens.evil);
    expect(refused).toMatchObject({
      document: { state: 'refused', reason: '照片不是本人' },
      confirmed: false,
    });
    expect(refused.gaps).toEqual(expect.arrayContaining(['document', 'face']));
    expect(await openReferences(web.db, web.vault, params.id)).toBeNull();
    expect(await enrolFace(web, tokens.evil, { skin: skins.two })).toEqual({ kind: 'done' });
  });

  it('a name that changes later is confirmed by nobody: the account is not handed on', async () => {
    const id = web.world.idOf('second');
    const { version } = await web.db.prisma.user.findUniqueOrThrow({ where: { id } });
    await call(web, 'updateUser', {
      token: tokens.staff,
      params: { id },
      body: { version, name: '替课的人' },
    });
    expect(await own(tokens.second)).toMatchObject({ confirmed: false, document: { state: 'pending' } });
  });
});

describe('[PR6] withdrawal', () => {
  it('destroys the key at once: nothing of the face can be read any more', async () => {
    const userId = web.world.idOf('learner');
    const { keyId } = await web.db.prisma.faceKey.findUniqueOrThrow({ where: { userId } });
    const sealed = await web.db.prisma.facePicture.findUniqueOrThrow({ where: { userId } });
    const key = await web.vault.find(keyId);
    expect(key?.open('FacePicture.picture', sealed.pictureSealed).length).toBeGreaterThan(1000);

    const answer = await call(web, 'withdrawConsent', { token: tokens.learner, body: { locale: 'zh-CN' } });
    expect(answer.body).toMatchObject({
      path: 'person',
      face: null,
      erasing: false,
      consent: { action: 'withdrawn' },
    });
    expect(await web.vault.find(keyId)).toBeNull();
    expect(await web.vault.make(keyId)).toBeNull();
    expect(await openPicture(web.db, web.vault, userId)).toBeNull();
    expect(await web.db.prisma.keyDestruction.count()).toBe(0);
    expect((await sendFrame(web, tokens.learner, { id: userId, step: 0 }, {})).error?.code).toBe(
      'consent-required',
    );
    // What was decided about the document stands, and so does the identity by a person.
    expect(answer.body.confirmed).toBe(true);
  });
});

it('[J4] counts faces in a metric and on the page of the administrator', async () => {
  const { body } = await call(web, 'platformHealth', { token: tokens.admin });
  expect(body.faces).toEqual({ enrolled: 1, filing: 'ok', filingAt: 100_000 });
  const text = await (await fetch(`${web.url}/metrics`)).text();
  expect(text).toMatch(/keshi_faces_enrolled\{service="web-test"\} 1/);
});
