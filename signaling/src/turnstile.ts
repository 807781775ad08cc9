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
  /** Joins this node completes in a second while there is enough to do. */
  readonly perSecond: number;
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
 * With what a page adds by itself (half), who comes back is asked again within 30 s, which is no absence yet [AT2]; the
 * crowd is an outage on record besides, after which a minute is left to come back [AT4].
 */
const longestWaitMs: Record<Comer, number> = { preferred: 15_000, newcomer: 60_000 };

const roomAt = (perSecond: number) => Math.max(fewest, perSecond * patienceSeconds);

/**
 * Null: come in. Else ms until the turn of this one, which falls anywhere within a quarter of it more or less, so that
 * those who are told at one moment, here or by other nodes, do not meet again.
 */
export function waitFor(
  { underWay, perSecond, promised }: Crowd,
  comer: Comer,
  at: 'door' | 'class',
  random: number,
): number | null {
  const room =
    roomAt(perSecond) * (comer === 'newcomer' ? newcomersShare : 1) * (at === 'door' ? doorShare : 1);
  if (underWay < room) return null;
  const before = underWay + promised.preferred + (comer === 'newcomer' ? promised.newcomer : 0);
  const turnMs = Math.min(longestWaitMs[comer], (before / perSecond) * 1000);
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
  let lookedAt = now();
  let busy = { ms: 0, completed: 0 };
  /** How many are due in each second of the clock. */
  const due: Record<Comer, Map<number, number>> = { preferred: new Map(), newcomer: new Map() };

  /** Before every change of how many are under way. */
  function measure(completed: number): void {
    const elapsed = now() - lookedAt;
    lookedAt = now();
    if (underWay < busyShare * roomAt(perSecond)) return;
    busy = { ms: busy.ms + elapsed, completed: busy.completed + completed };
    if (busy.ms < measuredMs) return;
    const measured = (busy.completed / busy.ms) * 1000;
    perSecond = Math.max(leastPerSecond, perSecond + weight * (measured - perSecond));
    busy = { ms: 0, completed: 0 };
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
    promised: { preferred: promisedTo('preferred'), newcomer: promisedTo('newcomer') },
  });

  function ask(comer: Comer, at: 'door' | 'class'): number | null {
    measure(0);
    const waitMs = waitFor(crowdNow(), comer, at, random());
    if (waitMs === null) return null;
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
      measure(outcome === 'joined' ? 1 : 0);
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
