/**
 * The chain of one learner's entries [CH2]: how an entry is written down and hashed, and what a whole chain must look
 * like. Hashing is a pure function; nothing here reads a clock or a database.
 */
import { createHash } from 'node:crypto';
import { type ChainHead, genesis, type LedgerEntry } from '@keshi/contract/ledger';

/** What may be written down canonically; a number is an integer that is exact in JSON. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/**
 * JSON with its keys in order and without spaces, so that equal values have one text. Throws a RangeError on numbers
 * whose text could differ from one reader to another.
 */
export function canonical(value: Plain): string {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new RangeError(`not an exact integer: ${value}`);
    // -0 is 0: both are the same amount.
    return String(value + 0);
  }
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}

function isList(value: object): value is readonly Plain[] {
  return Array.isArray(value);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Hash of everything an entry says, the hash of the one before it included. */
export function entryHash({ hash: _, ...said }: LedgerEntry): string {
  return sha256(canonical(said));
}

/** Links an entry to the end of its learner's chain; null where it is the first. */
export function link(
  head: Pick<ChainHead, 'seq' | 'hash'> | null,
  entry: Omit<LedgerEntry, 'seq' | 'previousHash' | 'hash'>,
): LedgerEntry {
  const linked = {
    ...entry,
    seq: (head?.seq ?? 0) + 1,
    previousHash: head?.hash ?? genesis,
    hash: genesis,
  };
  return { ...linked, hash: entryHash(linked) };
}

export type BreakReason =
  /** The entry says something else than what was hashed. */
  | 'altered'
  /** An entry before this one is gone. */
  | 'missing'
  /** The entries are not in the order in which they were chained. */
  | 'reordered'
  /** The entry before this one is not the one this was chained to. */
  | 'rewritten'
  /** Entries that a signed root has seen at the end are gone. */
  | 'truncated'
  /** An entry of somebody else's chain. */
  | 'foreign'
  /** The amounts do not follow from the entries before it. */
  | 'miscounted';

export interface BrokenLink {
  readonly learnerId: string;
  readonly seq: number;
  readonly reason: BreakReason;
}

/**
 * The first link of a learner's chain that does not hold, or null. `entries` as they are stored, in their order;
 * `signed` are ends of this chain that signed roots have seen.
 */
export function verifyChain(
  learnerId: string,
  entries: readonly LedgerEntry[],
  signed: readonly Pick<ChainHead, 'seq' | 'hash'>[] = [],
): BrokenLink | null {
  const broken = firstBroken(learnerId, entries);
  // A chain that ends early breaks where the entry that was seen should be; one rewritten as a whole breaks there too.
  const seen = [...signed].sort((a, b) => a.seq - b.seq);
  for (const { seq, hash } of seen) {
    if (broken && broken.seq <= seq) return broken;
    const entry = entries[seq - 1];
    if (!entry) return { learnerId, seq: entries.length + 1, reason: 'truncated' };
    if (entry.hash !== hash) return { learnerId, seq, reason: 'rewritten' };
  }
  return broken;
}

function firstBroken(learnerId: string, entries: readonly LedgerEntry[]): BrokenLink | null {
  let previous = genesis;
  for (const [index, entry] of entries.entries()) {
    const seq = index + 1;
    const broken = (reason: BreakReason): BrokenLink => ({ learnerId, seq, reason });
    if (entry.learnerId !== learnerId) return broken('foreign');
    if (entry.seq !== seq) return broken(entries.some((one) => one.seq === seq) ? 'reordered' : 'missing');
    if (entry.previousHash !== previous) {
      const elsewhere =
        entry.previousHash === genesis || entries.some((one) => one.hash === entry.previousHash);
      return broken(elsewhere ? 'reordered' : 'rewritten');
    }
    if (entryHash(entry) !== entry.hash) return broken('altered');
    previous = entry.hash;
  }
  return null;
}
