import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Unsealable } from '../src/crypto.ts';
import { silent, testDatabase, type TestDatabase } from '../src/testing/database.ts';
import { testVault, testWrappingKeys } from '../src/testing/vault.ts';
import { openVault, vaultBeside } from '../src/vault.ts';

let test: Awaited<ReturnType<typeof testVault>>;
beforeAll(async () => {
  test = await testVault();
});
afterAll(() => test.close());

const plain = Buffer.from('a face');
const made = async (id = randomUUID()) => {
  const key = await test.vault.make(id);
  if (!key) throw new Error('a key was to be made');
  return key;
};

describe('[PR6] a learner’s key', () => {
  it('seals and opens, also when it is looked up again', async () => {
    const key = await made();
    const sealed = key.seal('FacePicture.picture', plain);
    expect(Buffer.from(sealed).includes(plain)).toBe(false);
    expect((await test.vault.find(key.id))?.open('FacePicture.picture', sealed)).toEqual(plain);
    expect((await test.vault.make(key.id))?.open('FacePicture.picture', sealed)).toEqual(plain);
  });

  it('opens nothing of another learner, of another column, altered or cut short', async () => {
    const [key, other] = [await made(), await made()];
    const sealed = key.seal('FacePicture.picture', plain);
    expect(() => other.open('FacePicture.picture', sealed)).toThrow(Unsealable);
    expect(() => key.open('FaceReference.descriptor', sealed)).toThrow(Unsealable);
    for (const at of [0, 12, sealed.length - 1]) {
      const altered = Uint8Array.from(sealed);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(() => key.open('FacePicture.picture', altered)).toThrow(Unsealable);
    }
    expect(() => key.open('FacePicture.picture', sealed.subarray(0, 20))).toThrow(Unsealable);
  });

  it('is gone for good once destroyed: from the table, and never made again', async () => {
    const key = await made();
    await Promise.all([test.vault.destroy(key.id), test.vault.destroy(key.id)]);
    expect(await test.vault.find(key.id)).toBeNull();
    expect(await test.vault.make(key.id)).toBeNull();
    const never = randomUUID();
    await test.vault.destroy(never);
    expect(await test.vault.make(never)).toBeNull();
  });

  it('leaves no trace in its table’s pages when it is destroyed', async () => {
    const client = new pg.Client({ connectionString: test.url });
    await client.connect();
    try {
      const key = await made();
      const { rows } = await client.query<{ wrapped: Buffer }>(
        'SELECT "wrapped" FROM "LearnerKey" WHERE "id" = $1',
        [key.id],
      );
      const wrapped = rows[0]?.wrapped ?? Buffer.alloc(0);
      const inFile = async () => {
        await client.query('CHECKPOINT');
        const file = await client.query<{ bytes: Buffer }>(
          `SELECT pg_read_binary_file(pg_relation_filepath('"LearnerKey"')) AS "bytes"`,
        );
        return file.rows[0]?.bytes.includes(wrapped);
      };
      expect(wrapped).toHaveLength(60);
      expect(await inFile()).toBe(true);
      await test.vault.destroy(key.id);
      expect(await inFile()).toBe(false);
    } finally {
      await client.end();
    }
  });

  it('can be wrapped anew by a newer key of the deployment, after which the older is not needed', async () => {
    const key = await made();
    const sealed = key.seal('FacePicture.picture', plain);
    const newer = { id: 'w2', secret: Buffer.alloc(32, 10) };
    const rotating = await openVault({ url: test.url, keys: [newer, ...testWrappingKeys], log: silent });
    expect(await rotating.rewrap()).toBeGreaterThan(0);
    expect(await rotating.rewrap()).toBe(0);
    await rotating.close();
    const after = await openVault({ url: test.url, keys: [newer], log: silent });
    expect((await after.find(key.id))?.open('FacePicture.picture', sealed)).toEqual(plain);
    await after.close();
    await expect(test.vault.find(key.id)).rejects.toThrow(Unsealable);
  });
});

describe('[PR6] the vault’s database', () => {
  let main: TestDatabase;
  beforeAll(async () => {
    main = await testDatabase();
  });
  afterAll(() => main.close());

  it('is never the main one, whose backups would hold the keys', async () => {
    await expect(openVault({ url: main.url, keys: testWrappingKeys, log: silent })).rejects.toThrow(
      /a database of its own/,
    );
  });

  it('is made beside the main one for one machine, once, by whoever starts first', async () => {
    const [one, two] = await Promise.all([vaultBeside(main.url), vaultBeside(main.url)]);
    expect(two).toBe(one);
    const vaults = await Promise.all(
      [1, 2].map(() => openVault({ url: one, keys: testWrappingKeys, log: silent })),
    );
    for (const vault of vaults) await vault.close();
    const admin = new pg.Client({ connectionString: main.url });
    await admin.connect();
    await admin.query(`DROP DATABASE "${new URL(one).pathname.slice(1)}"`);
    await admin.end();
  });
});
