/** Whether the ledger is what was once written: every chain, every sum, every signed root [CH2]. Reads, never repairs. */
import {
  type ChainHead,
  genesis,
  type LedgerEntry,
  type LedgerRoot,
  type LedgerRootsFile,
} from '@keshi/contract/ledger';
import type { Db } from '@keshi/db/client';
import { chainsAfter, readChains } from '@keshi/db/ledger';
import {
  countEntries,
  headsChanged,
  readRoots,
  signedHeadsOf,
  signedWithoutChain,
} from '@keshi/db/ledger-roots';
import { firstMiscounted } from '@keshi/rules/course-hours';
import { type BrokenLink, verifyChain } from '@keshi/rules/ledger';
import { changesHash, MerkleTree, rootHash } from '@keshi/rules/ledger-root';
import { isSigned, type TrustedKeys } from './root-signer.ts';

export type LedgerProblem =
  | ({ readonly of: 'chain' } & BrokenLink)
  | {
      readonly of: 'root';
      readonly day: string;
      readonly reason:
        /** Says something else than what was hashed. */
        | 'altered'
        /** No key that is trusted signed it. */
        | 'not-signed'
        /** Does not follow the root before it. */
        | 'unlinked'
        /** The file has it, the database does not. */
        | 'missing'
        /** The file's and the database's differ. */
        | 'differs'
        /** The chains do not come to it. */
        | 'not-of-these-chains';
    };

export interface Verified {
  learners: number;
  entries: number;
  roots: number;
  /** The first broken link of a chain, then what is wrong with roots. Empty when all holds. */
  problems: LedgerProblem[];
}

type RootOfFile = LedgerRootsFile['roots'][number];
const batch = 100;
const problemsTold = 20;

/**
 * @param kept roots of a file that was kept elsewhere: whoever could write to the database could not write there, so that
 *   it also shows what was taken away together with its root
 */
export async function verifyLedger(
  db: Db,
  keys: TrustedKeys,
  kept: readonly RootOfFile[] = [],
): Promise<Verified> {
  const problems = kept.flatMap((root, index) => rootProblem(root, kept[index - 1] ?? null, keys) ?? []);
  // A file that is not signed says nothing about the ledger.
  if (problems.length > 0) return { learners: 0, entries: 0, roots: 0, problems };
  const chains = await verifyChains(db, kept);
  const roots = await verifyRoots(db, keys, kept);
  return {
    learners: chains.learners,
    entries: chains.entries,
    roots: roots.count,
    problems: [
      ...(chains.broken ? [{ of: 'chain' as const, ...chains.broken }] : []),
      ...roots.problems,
    ].slice(0, problemsTold),
  };
}

async function verifyChains(
  db: Db,
  kept: readonly RootOfFile[],
): Promise<{ learners: number; entries: number; broken: BrokenLink | null }> {
  const seen = Map.groupBy(
    kept.flatMap(({ changes }) => changes),
    ({ learnerId }) => learnerId,
  );
  const unmet = new Set(seen.keys());
  let [learners, entries] = [0, 0];
  for (let after: string | null = null; ;) {
    const ids: string[] = await chainsAfter(db, after, batch);
    const last = ids.at(-1);
    if (!last) break;
    after = last;
    const [chains, signed] = await Promise.all([readChains(db, ids), signedHeadsOf(db, ids)]);
    for (const learnerId of ids) {
      unmet.delete(learnerId);
      const rows = chains.get(learnerId) ?? [];
      const ends = [...(signed.get(learnerId) ?? []), ...(seen.get(learnerId) ?? [])];
      const broken = brokenLink(learnerId, rows, ends);
      if (broken) return { learners, entries, broken };
      learners += 1;
      entries += rows.length;
    }
  }
  // Whole chains that a root has seen and that are gone.
  const gone = [...unmet, ...(await signedWithoutChain(db))].sort()[0];
  return { learners, entries, broken: gone ? { learnerId: gone, seq: 1, reason: 'truncated' } : null };
}

function brokenLink(
  learnerId: string,
  rows: readonly ({ entry: LedgerEntry } | { unreadable: number })[],
  signed: readonly ChainHead[],
): BrokenLink | null {
  const readable: LedgerEntry[] = [];
  for (const row of rows) {
    // What comes behind an entry that cannot be read is not looked at: the first broken link is told.
    if ('unreadable' in row)
      return verifyChain(learnerId, readable) ?? { learnerId, seq: row.unreadable, reason: 'altered' };
    readable.push(row.entry);
  }
  const broken = verifyChain(learnerId, readable, signed);
  if (broken) return broken;
  const miscounted = firstMiscounted(readable);
  return miscounted && { learnerId, seq: miscounted.seq, reason: 'miscounted' };
}

async function verifyRoots(
  db: Db,
  keys: TrustedKeys,
  kept: readonly RootOfFile[],
): Promise<{ count: number; problems: LedgerProblem[] }> {
  const problems: LedgerProblem[] = [];
  const wanted = new Map(kept.map((root) => [root.day, root.hash]));
  const heads = new Map<string, ChainHead>();
  let before: LedgerRoot | null = null;
  let count = 0;
  for await (const root of readRoots(db)) {
    // Always carried on, so that one root that is wrong does not make the next ones look wrong.
    const ofChains = await notOfChains(db, root, before, heads);
    const problem = rootProblem(root, before, keys, true) ?? ofChains;
    if (problem) problems.push(problem);
    const known = wanted.get(root.day);
    if (known !== undefined && known !== root.hash)
      problems.push({ of: 'root', day: root.day, reason: 'differs' });
    wanted.delete(root.day);
    before = root;
    count += 1;
  }
  for (const day of wanted.keys()) problems.push({ of: 'root', day, reason: 'missing' });
  return { count, problems };
}

/** `whole`: the roots begin with the very first one. A file may begin later. */
function rootProblem(
  root: RootOfFile,
  before: Pick<LedgerRoot, 'hash' | 'day'> | null,
  keys: TrustedKeys,
  whole = false,
): LedgerProblem | null {
  const wrong = (reason: Extract<LedgerProblem, { of: 'root' }>['reason']): LedgerProblem => ({
    of: 'root',
    day: root.day,
    reason,
  });
  if (rootHash(root) !== root.hash || changesHash(root.changes) !== root.changesHash) return wrong('altered');
  if (!isSigned(root, keys)) return wrong('not-signed');
  const expected = before?.hash ?? (whole ? genesis : root.previousHash);
  if (root.previousHash !== expected || (before && before.day >= root.day)) return wrong('unlinked');
  return null;
}

/** Carries `heads` on to the root's position and compares. */
async function notOfChains(
  db: Db,
  root: RootOfFile,
  before: LedgerRoot | null,
  heads: Map<string, ChainHead>,
): Promise<LedgerProblem | null> {
  const changed = await headsChanged(db, before?.position ?? 0, root.position);
  for (const head of changed) heads.set(head.learnerId, head);
  const tree = new MerkleTree();
  for (const learnerId of [...heads.keys()].sort()) {
    const head = heads.get(learnerId);
    if (head) tree.add(head);
  }
  const holds =
    changesHash(changed) === root.changesHash &&
    tree.root() === root.merkleRoot &&
    tree.size === root.learners &&
    (await countEntries(db, root.position)) === root.entries;
  return holds ? null : { of: 'root', day: root.day, reason: 'not-of-these-chains' };
}
