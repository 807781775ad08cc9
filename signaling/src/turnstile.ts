/**
 * When more come at once than can be taken in, those beyond are told so at once and when to come again, instead of all
 * waiting until all give up [A2]. How many are let in, and over what time the others are spread, follows from how many
 * joins this node has really completed in a second. What is decided is a pure function of that; time and chance are
 * arguments.
 */

/**
 * `preferred`: who was in this class a moment ago and comes back, as the page says, and whoever teaches or supervises
 * it. A page that says so untruly gains a place in the queue, and nothing else.
 */
export type Comer = 'preferred' | 'newcomer';

export interface Crowd {
  /** Joins being worked on. */
  readonly underWay: number;
  /** Joins this node completes in a second while there is enough to do, beside refusing those who are too many. */
  readonly perSecond: number;
  /** Joins it would complete in a second if it refused nobody: a crowd that is told to wait grows quiet. */
  readonly perQuietSecond: number;
  /** How many were told to come later, and are not due yet. */
  readonly promised: Readonly<Record<Comer, number>>;
}

/** Joins are let in that are answered within this time; a page waits for 10 s. */
const patienceSeconds = 3;
/** So many are let in whatever was measured: a node whose database was away would not be measured again otherwise. */
const fewest = 64;
/** Share of that for those who come for the first time; the rest is for those who come back. */
const newcomersShare = 0.5;
/** Share at the door: whoever has been let through it should find a place inside. */
const doorShare = 0.8;
const leastWaitMs = 500;
/**
 * Who comes back and has far to go is asked again half-way, when more is known of how fast it goes, but not before
 * `earliest`, so that refusing all who ask leaves time to take them in. Nobody is asked later than `latest`: the crowd is
 * an outage on record until the turn that was told, and a minute is left after it, so that nobody loses anything by what
 * a page adds to it, a quarter [AT4].
 */
const wayUntilAsked: Record<Comer, number> = { preferred: 0.5, newcomer: 1 };
const askedAgainMs = { earliest: 15_000, latest: 60_000 };

const roomAt = (perSecond: number) => Math.max(fewest, perSecond * patienceSeconds);

/**
 * Null: come in. Else ms until the turn of this one, which falls anywhere within a quarter of it more or less, so that
 * those who are told at one moment, here or by other nodes, do not meet again.
 */
export function waitFor(
  { underWay, perSecond, perQuietSecond, promised }: Crowd,
  comer: Comer,
  at: 'door' | 'class',
  random: number,
): number | null {
  const room =
    roomAt(perSecond) * (comer === 'newcomer' ? newcomersShare : 1) * (at === 'door' ? doorShare : 1);
  if (underWay < room) return null;
  const before = underWay + promised.preferred + (comer === 'newcomer' ? promised.newcomer : 0);
  const wayMs = (before / perQuietSecond) * 1000;
  const { earliest, latest } = askedAgainMs;
  const turnMs = Math.min(wayMs, latest, Math.max(earliest, wayUntilAsked[comer] * wayMs));
  return Math.round(Math.max(leastWaitMs, turnMs * (0.75 + 0.5 * random)));
}

/** Before anything was measured: little enough for a slow machine to answer the first it lets in before pages give up. */
const assumedPerSecond = 150;
/** Below this a wait would be said that nobody believes. */
const leastPerSecond = 20;
/** Only the time counts in which this share of the room was taken: an idle node says nothing of what it could do. */
const busyShare = 0.25;
/** How much of that time makes a measurement, and how far each moves what is believed. */
const measuredMs = 500;
const weight = 0.5;
/** What it is taken to cost to refuse somebody at the door, as a share of a join: rather too little, so that waits are rather long. */
const refusalCost = 0.1;

export interface Turnstile {
  /** Whether somebody may connect. Null: yes, else ms to wait. */
  atDoor(comer: Comer): number | null;
  /** As `atDoor`; null takes a place, which `done` gives back. */
  enter(comer: Comer): number | null;
  done(outcome: 'joined' | 'failed'): void;
  /** Somebody was told to wait, and is not due yet. Who of them was in a class before is not always known here. */
  readonly keepsWaiting: boolean;
  readonly crowd: Crowd;
}

export function createTurnstile({
  now,
  random = Math.random,
  perSecond: assumed = assumedPerSecond,
}: {
  /** ms that never go back. */
  now: () => number;
  random?: () => number;
  perSecond?: number;
}): Turnstile {
  let underWay = 0;
  let perSecond = assumed;
  let perQuietSecond = assumed;
  let lookedAt = now();
  let busy = { ms: 0, completed: 0, refused: 0 };
  /** How many are due in each second of the clock. */
  const due: Record<Comer, Map<number, number>> = { preferred: new Map(), newcomer: new Map() };

  const towards = (believed: number, joins: number, ms: number) =>
    Math.max(leastPerSecond, believed + weight * ((joins / ms) * 1000 - believed));

  /** Before every change of how many are under way, and after every refusal. */
  function measure({ completed = 0, refused = 0 }): void {
    const elapsed = now() - lookedAt;
    lookedAt = now();
    if (underWay < busyShare * roomAt(perSecond)) return;
    busy.ms += elapsed;
    busy.completed += completed;
    busy.refused += refused;
    if (busy.ms < measuredMs) return;
    perSecond = towards(perSecond, busy.completed, busy.ms);
    perQuietSecond = towards(perQuietSecond, busy.completed + refusalCost * busy.refused, busy.ms);
    busy = { ms: 0, completed: 0, refused: 0 };
  }

  function promisedTo(comer: Comer): number {
    let count = 0;
    for (const [second, many] of due[comer])
      if (second * 1000 < now()) due[comer].delete(second);
      else count += many;
    return count;
  }

  const crowdNow = (): Crowd => ({
    underWay,
    perSecond,
    perQuietSecond,
    promised: { preferred: promisedTo('preferred'), newcomer: promisedTo('newcomer') },
  });

  function ask(comer: Comer, at: 'door' | 'class'): number | null {
    measure({});
    const waitMs = waitFor(crowdNow(), comer, at, random());
    if (waitMs === null) return null;
    measure({ refused: 1 });
    const second = Math.ceil((now() + waitMs) / 1000);
    due[comer].set(second, (due[comer].get(second) ?? 0) + 1);
    return waitMs;
  }

  return {
    atDoor: (comer) => ask(comer, 'door'),
    enter(comer) {
      const waitMs = ask(comer, 'class');
      if (waitMs === null) underWay += 1;
      return waitMs;
    },
    done(outcome) {
      measure({ completed: outcome === 'joined' ? 1 : 0 });
      underWay -= 1;
    },
    get keepsWaiting() {
      return promisedTo('preferred') + promisedTo('newcomer') > 0;
    },
    get crowd() {
      return crowdNow();
    },
  };
}
