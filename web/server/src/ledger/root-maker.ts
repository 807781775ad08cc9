/** Makes the root of every day of Asia/Shanghai that is over [CH2]; missed days are made up for, one after another. */
import { genesis } from '@keshi/contract/ledger';
import type { Db } from '@keshi/db/client';
import {
  appendRoot,
  countEntries,
  firstEntryAt,
  headsAt,
  headsChanged,
  lastRoot,
  settledPosition,
} from '@keshi/db/ledger-roots';
import { changesHash, daysToSign, MerkleTree, rootHash } from '@keshi/rules/ledger-root';
import type { Clock } from '@keshi/runtime/clock';
import type { Logger } from '@keshi/runtime/log';
import type { RootSigner } from './root-signer.ts';

export interface RootMaker {
  makeDue(): Promise<void>;
}

export function createRootMaker(deps: { db: Db; clock: Clock; signer: RootSigner; log: Logger }): RootMaker {
  const { db, clock, signer, log } = deps;
  /** The latest day that is known to have its root: until the next is over there is nothing to ask. */
  let madeUpTo: string | null = null;

  async function make(day: string, before: { position: number; hash: string } | null): Promise<void> {
    const position = (await settledPosition(db)) ?? 0;
    const tree = new MerkleTree();
    for await (const heads of headsAt(db, position)) for (const head of heads) tree.add(head);
    const changes = await headsChanged(db, before?.position ?? 0, position);
    const said = {
      day,
      madeAt: clock(),
      position,
      learners: tree.size,
      entries: await countEntries(db, position),
      merkleRoot: tree.root(),
      changesHash: changesHash(changes),
      previousHash: before?.hash ?? genesis,
      keyId: signer.keyId,
    };
    const hash = rootHash(said);
    const root = { ...said, hash, signature: signer.sign(hash), changes };
    if (await appendRoot(db, root))
      log.info({ day, learners: said.learners, entries: said.entries }, 'ledger root signed');
  }

  return {
    async makeDue() {
      if (madeUpTo !== null && daysToSign(madeUpTo, 0, clock()).length === 0) return;
      const last = await lastRoot(db);
      const first = last ? 0 : await firstEntryAt(db);
      if (first === null) return;
      for (const day of daysToSign(last?.day ?? null, first, clock())) await make(day, await lastRoot(db));
      madeUpTo = (await lastRoot(db))?.day ?? null;
    },
  };
}
