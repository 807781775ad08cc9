import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDb } from '../src/client.ts';
import { createPersonalData, maskName, maskPhone, parsePersonalDataKeys, Unsealable } from '../src/crypto.ts';
import { getDocument, giveDocument } from '../src/identity-documents.ts';
import { resealPersonalData } from '../src/reseal.ts';
import { storeScreeningHit, listScreeningHits } from '../src/screening.ts';
import { silent, type TestDatabase, testDatabase, testKeys } from '../src/testing/database.ts';
import { findForLogin } from '../src/login-accounts.ts';
import { namesOf, revealPerson } from '../src/person-names.ts';
import { listUsers } from '../src/user-list.ts';
import { createUser, getUser } from '../src/users.ts';
import { world } from './world.ts';

const key = (id: string) => ({ id, secret: randomBytes(32) });

describe('sealing', () => {
  const old = key('k1');
  const personal = createPersonalData([old]);

  it('opens what it sealed, never seals the same twice, and hides it', () => {
    const sealed = personal.seal('User.name', '张三');
    expect(personal.open('User.name', sealed)).toBe('张三');
    expect(personal.seal('User.name', '张三')).not.toBe(sealed);
    expect(sealed).not.toContain('张三');
  });

  it('refuses a value that was altered, cut, or moved to another column', () => {
    const sealed = personal.seal('User.name', '张三');
    const [version, id, body = ''] = sealed.split('.');
    const bytes = Buffer.from(body, 'base64url');
    for (let i = 0; i < bytes.length; i += 1) {
      const altered = Buffer.from(bytes);
      altered.writeUInt8(altered.readUInt8(i) ^ 1, i);
      const forged = [version, id, altered.toString('base64url')].join('.');
      expect(() => personal.open('User.name', forged)).toThrow(Unsealable);
    }
    expect(() => personal.open('User.name', sealed.slice(0, -2))).toThrow(Unsealable);
    expect(() => personal.open('User.name', 'v1.k1.AAAA')).toThrow(Unsealable);
    expect(() => personal.open('User.phone', sealed)).toThrow(Unsealable);
  });

  it('rotates: the newest key seals, all of the ring open, a key taken out does not', () => {
    const sealed = personal.seal('User.name', '张三');
    const both = createPersonalData([key('k2'), old]);
    expect(both.open('User.name', sealed)).toBe('张三');
    const fresh = both.seal('User.name', '张三');
    expect(fresh.startsWith(both.currentPrefix)).toBe(true);
    expect(() => personal.open('User.name', fresh)).toThrow(Unsealable);
  });

  it('indexes alike what was only typed differently, and apart by purpose', () => {
    const phone = (text: string) => personal.index('User.phone', text);
    expect(phone('+86 138-1234-5678')).toBe(phone('13812345678'));
    expect(phone('008613812345678')).toBe(phone('１３８１２３４５６７８'));
    expect(phone('13812345679')).not.toBe(phone('13812345678'));
    expect(personal.index('User.name', ' Anna  SMITH')).toBe(personal.index('User.name', 'anna smith'));
    expect(personal.index('User.name', '13812345678')).not.toBe(phone('13812345678'));
  });

  it('refuses rings that could not work', () => {
    expect(() => createPersonalData([])).toThrow();
    expect(() => createPersonalData([{ id: 'a', secret: Buffer.alloc(16) }])).toThrow('16 bytes');
    expect(() => createPersonalData([key('a'), key('a')])).toThrow('same id');
    const text = `b:${randomBytes(32).toString('base64')},a:${randomBytes(32).toString('base64')}`;
    expect(createPersonalData(parsePersonalDataKeys(text)).currentPrefix).toBe('v1.b.');
  });

  it('masks', () => {
    expect(['张三', '王小明', '欧阳小明', '李', 'Anna Smith', ''].map(maskName)).toEqual([
      '张*',
      '王**',
      '欧**',
      '李*',
      'A** S**',
      '',
    ]);
    expect([maskPhone('13812345678'), maskPhone('12345')]).toEqual(['138****5678', '*****']);
  });
});

describe('people in the database', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await testDatabase();
  });
  afterAll(() => test.close());

  it('stand sealed, are found by whole name and phone, masked in lists, and a look behind the mask is logged', async () => {
    const { db } = test;
    const { institution, instructorId } = await world(db, 0);
    const person = { orgId: institution.id, login: 'lin', passwordHash: 'x', memberships: [] };
    const { id } = await createUser(db, { ...person, name: '林黛玉', phone: '13912345678' });
    const raw = JSON.stringify(await db.sql('SELECT * FROM "User" WHERE "id" = $1', [id]));
    expect(raw).not.toContain('林黛玉');
    expect(raw).not.toContain('13912345678');
    const found = await listUsers(db, { under: institution.path, query: '林黛玉' });
    expect(found).toMatchObject({ total: 1, rows: [{ id, maskedName: '林**', maskedPhone: '139****5678' }] });
    expect((await findForLogin(db, '+86 139 1234 5678'))?.id).toBe(id);
    await expect(
      createUser(db, { ...person, login: 'lin2', name: '别人', phone: '139-1234-5678' }),
    ).rejects.toMatchObject({
      code: 'conflict',
      fields: ['phoneIndex'],
    });
    await expect(createUser(db, { ...person, name: '别人' })).rejects.toMatchObject({
      code: 'conflict',
      fields: ['login'],
    });
    expect(
      await revealPerson(db, { userId: id, actorId: instructorId, reason: '核对', address: '::1' }),
    ).toEqual({
      name: '林黛玉',
      phone: '13912345678',
    });
    expect(
      await db.prisma.auditEntry.count({
        where: { action: 'person.revealed', targetId: id, actorId: instructorId },
      }),
    ).toBe(1);
    await expect(db.prisma.auditEntry.deleteMany({})).rejects.toThrow('append-only');
  });

  it('are sealed anew under a new key, after which the old one is not needed', async () => {
    const { institution, learnerIds } = await world(test.db, 5);
    const phone = '13700001111';
    const { id } = await createUser(test.db, {
      orgId: institution.id,
      login: 'xue',
      passwordHash: 'x',
      name: '薛宝钗',
      phone,
      memberships: [],
    });
    const hit = {
      at: 0,
      classId: null,
      userId: id,
      surface: 'chat' as const,
      category: 'c',
      terms: [],
      text: '坏话',
    };
    await storeScreeningHit(test.db, { ...hit, orgPath: institution.path });

    const newest = key('new');
    const both = createDb({ url: test.url, keys: [newest, ...testKeys], log: silent });
    const only = createDb({ url: test.url, keys: [newest], log: silent });
    try {
      expect((await findForLogin(both, phone))?.id).toBe(id);
      await expect(
        createUser(both, {
          orgId: institution.id,
          login: 'xue2',
          passwordHash: 'x',
          name: 'x',
          phone,
          memberships: [],
        }),
      ).rejects.toMatchObject({ code: 'conflict' });
      const document = {
        userId: id,
        kind: 'hk-macau-travel',
        number: 'H12345678',
        now: 0,
        replace: false,
      } as const;
      await giveDocument(test.db, document);
      await expect(giveDocument(both, { ...document, userId: learnerIds[0] ?? '' })).rejects.toMatchObject({
        code: 'conflict',
      });
      const done = await resealPersonalData(both, 2);
      expect(done.documents).toBe(1);
      expect(done.users).toBeGreaterThanOrEqual(7);
      expect(done.screeningHits).toBe(1);
      expect(await resealPersonalData(both)).toEqual({
        users: 0,
        screeningHits: 0,
        documents: 0,
        creditDecisions: 0,
        incidents: 0,
        certificates: 0,
        mailAddresses: 0,
      });
      expect((await getDocument(only, id))?.maskedNumber).toBe('H12****78');
      expect(await getUser(only, id)).toMatchObject({ name: '薛宝钗', phone });
      expect((await namesOf(only, learnerIds)).size).toBe(5);
      expect((await findForLogin(only, phone))?.id).toBe(id);
      expect((await listScreeningHits(only, { under: institution.path })).rows[0]?.text).toBe('坏话');
    } finally {
      await both.close();
      await only.close();
    }
  });
});
