import fc from 'fast-check';
import { genesis, type LedgerEntry } from '@keshi/contract/ledger';
import { describe, expect, it } from 'vitest';
import { changesHash, daysToSign, MerkleTree, rootHash, shanghaiDay } from '../src/ledger-root.ts';
import { canonical, link, verifyChain } from '../src/ledger.ts';

const learnerId = '00000000-0000-7000-8000-000000000001';
const courseId = '00000000-0000-7000-8000-0000000000c0';

function chain(length: number, of = learnerId): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (let n = 1; n <= length; n += 1)
    entries.push(
      link(entries.at(-1) ?? null, {
        learnerId: of,
        courseId,
        key: `reversal:${n}`,
        at: n,
        earnedAt: n,
        capMs: null,
        deltaMs: 0,
        balanceMs: 0,
        content: { kind: 'reversal', by: learnerId, evidenceId: courseId, ground: 'idle' },
      }),
    );
  return entries;
}
const chains = fc.integer({ min: 1, max: 8 }).map((length) => chain(length));
const withIndex = chains.chain((entries) => fc.tuple(fc.constant(entries), fc.nat(entries.length - 1)));

describe('[CH2] how an entry is written down', () => {
  it('does not depend on the order of keys, and knows no inexact number', () => {
    expect(canonical({ b: [1, { d: null, c: '课' }], a: -0 })).toBe('{"a":0,"b":[1,{"c":"课","d":null}]}');
    for (const wrong of [0.5, Number.NaN, Infinity, 2 ** 53])
      expect(() => canonical({ wrong })).toThrow(RangeError);
  });

  it('is the same text for what JSON carries over', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))),
        (value) => {
          const back = JSON.parse(JSON.stringify(value)) as typeof value;
          expect(canonical(back)).toBe(canonical(value));
          expect(JSON.parse(canonical(value))).toEqual(back);
        },
      ),
    );
  });
});

describe('[CH2] a chain', () => {
  it('holds as it was made, from nothing on', () => {
    fc.assert(
      fc.property(chains, (entries) => {
        expect(entries[0]?.previousHash).toBe(genesis);
        expect(verifyChain(learnerId, entries, entries)).toBeNull();
      }),
    );
    expect(verifyChain(learnerId, [])).toBeNull();
  });

  it('names the entry that was altered, whatever was altered in it', () => {
    const changes: Partial<LedgerEntry>[] = [
      { deltaMs: 1 },
      { balanceMs: 7 },
      { at: 999 },
      { earnedAt: 998 },
      { capMs: 5 },
      { key: 'x' },
      { courseId: learnerId },
      { content: { kind: 'reversal', by: courseId, evidenceId: courseId, ground: 'idle' } },
    ];
    fc.assert(
      fc.property(withIndex, fc.constantFrom(...changes), ([entries, index], change) => {
        const altered = entries.map((entry, n) => (n === index ? { ...entry, ...change } : entry));
        expect(verifyChain(learnerId, altered)).toEqual({ learnerId, seq: index + 1, reason: 'altered' });
      }),
    );
  });

  it('names the gap where one is missing', () => {
    fc.assert(
      fc.property(withIndex, ([entries, index]) => {
        fc.pre(index < entries.length - 1);
        const rest = entries.filter((_, n) => n !== index);
        expect(verifyChain(learnerId, rest)).toEqual({ learnerId, seq: index + 1, reason: 'missing' });
      }),
    );
  });

  it('names where the order changed, by place or by number', () => {
    const [a, b, c] = chain(3);
    if (!a || !b || !c) throw new Error('three');
    expect(verifyChain(learnerId, [a, c, b])?.reason).toBe('reordered');
    const renumbered = [a, { ...c, seq: 2 }, { ...b, seq: 3 }];
    expect(verifyChain(learnerId, renumbered)).toEqual({ learnerId, seq: 2, reason: 'reordered' });
  });

  it('names the first entry after one that was rewritten with its hash', () => {
    const [a, b, c] = chain(3);
    if (!a || !b || !c) throw new Error('three');
    const { hash: _h, previousHash: _p, seq: _s, ...said } = b;
    const forged = link(a, { ...said, key: 'forged' });
    expect(verifyChain(learnerId, [a, forged, c])).toEqual({ learnerId, seq: 3, reason: 'rewritten' });
  });

  it('names the end that a signed root has seen and that is gone, or that is another', () => {
    fc.assert(
      fc.property(withIndex, ([entries, index]) => {
        const head = entries.at(-1);
        if (!head) return;
        const shorter = entries.slice(0, index);
        expect(verifyChain(learnerId, shorter, [head])).toEqual({
          learnerId,
          seq: index + 1,
          reason: 'truncated',
        });
      }),
    );
    // Rewritten from the second entry on, with every hash made anew: only the signature knows.
    const old = chain(3);
    const [first] = old;
    if (!first) throw new Error('three');
    const anew = [first];
    for (const { hash: _h, previousHash: _p, seq: _s, ...said } of old.slice(1))
      anew.push(link(anew.at(-1) ?? null, { ...said, at: said.at + 1 }));
    expect(verifyChain(learnerId, anew)).toBeNull();
    expect(verifyChain(learnerId, anew, old)).toEqual({ learnerId, seq: 2, reason: 'rewritten' });
  });

  it('takes in nobody else’s entry', () => {
    expect(verifyChain(courseId, chain(1))).toEqual({ learnerId: courseId, seq: 1, reason: 'foreign' });
  });
});

describe('[CH2] a root', () => {
  const heads = (count: number) =>
    Array.from({ length: count }, (_, n) => ({
      learnerId: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`,
      seq: n + 1,
      hash: genesis,
    }));
  const rootOf = (list: ReturnType<typeof heads>) => {
    const tree = new MerkleTree();
    for (const head of list) tree.add(head);
    return tree.root();
  };

  it('changes with any head, with one more and with one less', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (count, pick) => {
        const list = heads(count);
        const changed = list.map((head, n) => (n === pick % count ? { ...head, seq: head.seq + 1 } : head));
        const roots = [rootOf(list), rootOf(changed), rootOf(heads(count + 1)), rootOf(heads(count - 1))];
        expect(new Set(roots).size).toBe(4);
        expect(rootOf(list)).toBe(roots[0]);
      }),
    );
  });

  it('is of all it says, and of the changed heads in any order', () => {
    const said = {
      day: '2026-11-28',
      madeAt: 1,
      position: 2,
      learners: 1,
      entries: 2,
      merkleRoot: rootOf(heads(1)),
      changesHash: changesHash(heads(2)),
      previousHash: genesis,
      keyId: 'k',
    };
    expect(changesHash([...heads(2)].reverse())).toBe(said.changesHash);
    const hashes = [
      rootHash(said),
      ...Object.entries({
        day: '2026-11-29',
        madeAt: 2,
        position: 3,
        learners: 2,
        entries: 3,
        keyId: 'l',
      }).map(([name, value]) => rootHash({ ...said, [name]: value })),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('is made for every day of Asia/Shanghai that is over, also those that were missed', () => {
    const at = (text: string) => Date.parse(text);
    expect(shanghaiDay(at('2026-11-27T16:00:00Z'))).toBe('2026-11-28');
    const now = at('2026-11-30T15:59:59Z');
    expect(daysToSign(null, at('2026-11-28T01:00:00Z'), now)).toEqual(['2026-11-28', '2026-11-29']);
    expect(daysToSign('2026-11-28', 0, now)).toEqual(['2026-11-29']);
    expect(daysToSign('2026-11-29', 0, now)).toEqual([]);
    expect(daysToSign('2026-11-29', 0, now + 1000)).toEqual(['2026-11-30']);
  });
});
