/**
 * The daily root over all chains [CH2]: one hash that changes when any entry does. Signing it is left to whoever holds
 * the key.
 */
import { createHash } from 'node:crypto';
import type { ChainHead, LedgerRoot } from '@keshi/contract/ledger';
import { canonical, sha256 } from './ledger.ts';

/**
 * Merkle tree over heads sorted by learner, built as they come in memory of the tree's height. As in RFC 6962, leaves
 * and inner nodes are hashed under different prefixes, so that neither can be taken for the other.
 */
export class MerkleTree {
  readonly #peaks: { height: number; hash: Buffer }[] = [];
  #size = 0;

  add(head: ChainHead): void {
    let node = { height: 0, hash: hashOf(0, Buffer.from(canonical(head))) };
    for (let last = this.#peaks.at(-1); last?.height === node.height; last = this.#peaks.at(-1)) {
      this.#peaks.pop();
      node = { height: node.height + 1, hash: hashOf(1, last.hash, node.hash) };
    }
    this.#peaks.push(node);
    this.#size += 1;
  }

  get size(): number {
    return this.#size;
  }

  /** In hexadecimal; of no head at all it is the hash of nothing. */
  root(): string {
    const peaks = this.#peaks.map(({ hash }) => hash);
    const last = peaks.pop();
    if (!last) return sha256('');
    return peaks.reduceRight((right, left) => hashOf(1, left, right), last).toString('hex');
  }
}

function hashOf(prefix: 0 | 1, ...parts: Buffer[]): Buffer {
  const hash = createHash('sha256').update(Buffer.from([prefix]));
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Hash over the heads that changed since the root before, in the order of learners. */
export function changesHash(changes: readonly ChainHead[]): string {
  return sha256(canonical([...changes].sort((a, b) => compare(a.learnerId, b.learnerId))));
}

/** What is signed. */
export function rootHash(root: Omit<LedgerRoot, 'hash' | 'signature'>): string {
  const { day, madeAt, position, learners, entries, merkleRoot, previousHash, keyId } = root;
  return sha256(
    canonical({
      day,
      madeAt,
      position,
      learners,
      entries,
      merkleRoot,
      changesHash: root.changesHash,
      previousHash,
      keyId,
    }),
  );
}

const hour = 3_600_000;
const day = 24 * hour;

/** The day of Asia/Shanghai, which has no summer time, that an instant falls in: `2026-11-28`. */
export function shanghaiDay(at: number): string {
  return new Date(at + 8 * hour).toISOString().slice(0, 10);
}

/** The days from the one after `last` (or `first` where there is none) to the one before that of `now`. */
export function daysToSign(last: string | null, first: number, now: number): string[] {
  const begin = last === null ? Date.parse(shanghaiDay(first)) : Date.parse(last) + day;
  const end = Date.parse(shanghaiDay(now));
  const days: string[] = [];
  for (let at = begin; at < end; at += day) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
