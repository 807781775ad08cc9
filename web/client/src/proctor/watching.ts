/**
 * [PR5] From looks to notices. A notice only makes the server ask at once, so it must be neither early nor repeated: a
 * trouble is told once it has lasted, and not again until it has been over for a while. What was not looked at is not
 * claimed: a gap between looks starts every count anew.
 */
import type { Look } from './look.ts';

/** The gravest first: where several hold at once, the first of them is told. */
const troubles = ['muted', 'covered', 'still', 'several', 'nobody'] as const;
export type Trouble = (typeof troubles)[number];

export type Notice =
  /** `muted`: the camera sends nothing. `still`: it sends one and the same picture. */
  | { readonly kind: Trouble; readonly forMs: number }
  /** One person, seen again for a while. */
  | { readonly kind: 'back' }
  /** The camera is gone for good: unplugged, or taken away. Nothing follows. */
  | { readonly kind: 'ended' };

export interface WatchTimes {
  /** How long each trouble must last, ms. */
  readonly hold: Readonly<Record<Trouble, number>>;
  /** How long it must be over, ms. */
  readonly over: number;
  /** Looks further apart say nothing about the time between them, ms. */
  readonly gap: number;
}

export const lookEveryMs = 2_000;

export const defaultTimes: WatchTimes = {
  hold: { muted: 6_000, covered: 4_000, still: 30_000, several: 4_000, nobody: 10_000 },
  over: 4_000,
  gap: 3 * lookEveryMs,
};

export interface Watching {
  /** The trouble that was told and is not over. */
  readonly told: Trouble | null;
  readonly lastAt: number | null;
  /** Since when every look has shown it. Null: the last one did not. */
  readonly since: Readonly<Record<Trouble | 'fine', number | null>>;
  /** The last look that showed what was told. */
  readonly toldAt: number | null;
}

const nothing = { muted: null, covered: null, still: null, several: null, nobody: null, fine: null };

export const unwatched: Watching = { told: null, lastAt: null, since: nothing, toldAt: null };

export function afterLook(
  before: Watching,
  look: Look,
  times: WatchTimes = defaultTimes,
): { watching: Watching; notice: Notice | null } {
  if (look.kind === 'unsaid') return { watching: before, notice: null };
  const { at } = look;
  const unbroken = before.lastAt !== null && at >= before.lastAt && at - before.lastAt <= times.gap;
  const shown = troublesOf(look);
  const since = sinceOf(shown, at, unbroken ? before.since : nothing);
  const { told } = before;
  const holds = told !== null && shown.has(told);
  // After a gap what was told stands until looks without a gap show that it is over.
  const toldAt = told === null ? null : holds || !unbroken || before.toldAt === null ? at : before.toldAt;
  const watching = { told, lastAt: at, since, toldAt };
  if (holds || (toldAt !== null && at - toldAt < times.over)) return { watching, notice: null };

  const due = troubles.find((trouble) => {
    const from = since[trouble];
    return trouble !== told && from !== null && at - from >= times.hold[trouble];
  });
  if (due) {
    const forMs = at - (since[due] ?? at);
    return { watching: { ...watching, told: due, toldAt: at }, notice: { kind: due, forMs } };
  }
  const isFine = since.fine !== null && at - since.fine >= times.over;
  if (told === null || !isFine) return { watching, notice: null };
  return { watching: { ...watching, told: null, toldAt: null }, notice: { kind: 'back' } };
}

function troublesOf(look: Exclude<Look, { kind: 'unsaid' }>): ReadonlySet<Trouble> {
  const shown = new Set<Trouble>();
  // Nobody is seen either way: a lens covered now and then does not begin the time of an empty chair anew.
  if (look.kind === 'no-picture') return shown.add('muted').add('nobody');
  if (look.covered) shown.add('covered');
  if (look.same) shown.add('still');
  if (look.faces === 0) shown.add('nobody');
  if (look.faces > 1) shown.add('several');
  return shown;
}

function sinceOf(shown: ReadonlySet<Trouble>, at: number, before: Watching['since']): Watching['since'] {
  const from = (kind: Trouble | 'fine', holds: boolean) => (holds ? (before[kind] ?? at) : null);
  return {
    muted: from('muted', shown.has('muted')),
    covered: from('covered', shown.has('covered')),
    still: from('still', shown.has('still')),
    several: from('several', shown.has('several')),
    nobody: from('nobody', shown.has('nobody')),
    // Two pictures alike are no trouble yet, and no reason not to be back.
    fine: from('fine', shown.size === (shown.has('still') ? 1 : 0)),
  };
}
