/** Keeps every learner's chip true: at once when something changes, else at most once a minute. */
import type { CountedNow } from '@keshi/contract/domain';
import type { Db } from '@keshi/db/client';
import { outagesBetween } from '@keshi/db/outages';
import { intervalsOfPeople } from '@keshi/db/presence';
import type { Outage } from '@keshi/rules/outages';
import type { PresenceInterval } from '@keshi/rules/presence';
import { createDueList } from '@keshi/runtime/due-list';
import type { Logger } from '@keshi/runtime/log';
import type { Connection } from '../connections.ts';
import type { LiveTime } from '../coordinator/messages.ts';
import { countedNow } from './counted.ts';
import type { TrackedVisit, Visits } from './visits.ts';

export interface Chips {
  /** A learner has joined: what counted before is read, and the chip follows. */
  joined(visit: TrackedVisit, returning: boolean): void;
  now(visit: TrackedVisit): CountedNow | null;
  /** The page hears from here on: it is told what has been found out since it was answered. */
  welcome(visit: TrackedVisit): void;
  push(visit: TrackedVisit): void;
  pushClass(classId: string): void;
  outagesChanged(): void;
  forget(connection: Connection): void;
  /** Once a second. */
  tick(): void;
}

export interface ChipsDeps {
  db: Db;
  now: () => number;
  log: Logger;
  visits: Visits;
  liveOf: (classId: string) => LiveTime | null;
}

interface Chip {
  visit: TrackedVisit;
  earlier: readonly PresenceInterval[];
  /** What was read says more than the page was told when it joined. */
  hasNews: boolean;
  pushedAt: number;
}

/** The page runs on by itself; this corrects it. */
const quietMs = 60_000;
/** No more of these corrections a second: with tens of thousands of learners here they come more rarely. */
const quietPushes = 20;
/** Those who come within this time are read about together. */
const readTogetherMs = 200;
/** Facts of a connection that broke a moment ago may still be on their way, and the database may be away. */
const rereadAfterMs = 3_000;
/** Who changes them says so; this is for when nobody could. */
const outagesKeptMs = 10_000;
const outageWindowMs = 24 * 60 * 60_000;

export function createChips({ db, now, log, visits, liveOf }: ChipsDeps): Chips {
  /** In the order in which they were last pushed. */
  const chips = new Map<string, Chip>();
  /** Those that are read once more. */
  const rereads = createDueList<Chip>();
  let outages: readonly Outage[] = [];
  let outagesRead: Promise<void> | null = null;
  let outagesReadAt = -Infinity;

  function readOutages(): Promise<void> {
    outagesRead ??= outagesBetween(db, now() - outageWindowMs, now() + outageWindowMs)
      .then((rows) => {
        outages = rows.map(({ retryMs, ...outage }) => ({ ...outage, announcedRetryMs: retryMs }));
        outagesReadAt = performance.now();
      })
      .catch((error: unknown) => log.debug({ err: error }, 'outages could not be read'))
      .finally(() => (outagesRead = null));
    return outagesRead;
  }

  async function read(together: readonly Chip[]): Promise<void> {
    const people = together.map(({ visit: { facts } }) => facts);
    const areOutagesKnown = performance.now() - outagesReadAt < outagesKeptMs;
    const [rows] = await Promise.all([intervalsOfPeople(db, people), areOutagesKnown ? null : readOutages()]);
    const keyOf = (of: { classId: string; userId: string }) => `${of.classId}/${of.userId}`;
    const byPerson = Map.groupBy(rows, keyOf);
    for (const chip of together) {
      const { facts } = chip.visit;
      // What is both stored and remembered counts once: intervals are a union [AT3].
      chip.earlier = (byPerson.get(keyOf(facts)) ?? [])
        .filter(({ visitId }) => visitId !== facts.id)
        .map(({ from, lastProof, cause, nodeId }): PresenceInterval => ({
          from,
          lastProof,
          cause,
          node: nodeId,
        }))
        .concat(visits.justEnded(facts.classId, facts.userId));
      // Without time before this visit there is none that an outage could bridge either.
      chip.hasNews = chip.earlier.length > 0;
      if (chip.hasNews && chips.get(chip.visit.connection.id) === chip) push(chip.visit);
    }
  }

  let toRead: Chip[] = [];
  function readSoon(chip: Chip): void {
    if (toRead.push(chip) > 1) return;
    setTimeout(() => {
      const together = toRead;
      toRead = [];
      read(together).catch((error: unknown) => {
        log.debug({ err: error }, 'earlier presence could not be read');
        for (const one of together)
          if (chips.has(one.visit.connection.id)) rereads.set(one, now() + rereadAfterMs);
      });
    }, readTogetherMs);
  }

  function counted(visit: TrackedVisit): CountedNow | null {
    const chip = chips.get(visit.connection.id);
    const { classId, visible } = visit.facts;
    const live = liveOf(classId);
    if (!chip || !live) return null;
    return countedNow({
      visit: { state: visit.state, settled: visit.settled, visible, overdueSince: visit.overdueSince },
      earlier: chip.earlier,
      checks: visit.connection.identity?.checks ?? [],
      live,
      outages,
      policy: visit.policy,
      now: now(),
    });
  }

  function pushed(chip: Chip): void {
    const { id } = chip.visit.connection;
    chip.pushedAt = now();
    chips.delete(id);
    chips.set(id, chip);
  }

  function push(visit: TrackedVisit): void {
    const chip = chips.get(visit.connection.id);
    const value = chip && counted(visit);
    if (!value || visit.connection.stage !== 'joined') return;
    pushed(chip);
    visit.connection.socket.emit('counted', value);
  }

  return {
    joined(visit, returning) {
      if (visit.facts.role !== 'attendee') return;
      const chip: Chip = {
        visit,
        earlier: visits.justEnded(visit.facts.classId, visit.facts.userId),
        hasNews: false,
        pushedAt: now(),
      };
      chips.set(visit.connection.id, chip);
      if (returning) rereads.set(chip, now() + rereadAfterMs);
      readSoon(chip);
    },
    now: counted,
    welcome(visit) {
      if (chips.get(visit.connection.id)?.hasNews) push(visit);
    },
    push,
    pushClass(classId) {
      for (const visit of visits.ofClass(classId)) push(visit);
    },
    outagesChanged() {
      // A read under way may have begun before the change was stored. What each learner had earlier has not changed,
      // so that is not read again: a database that is just back is not asked thousands of questions at once.
      void (outagesRead ?? Promise.resolve()).then(readOutages).then(() => {
        for (const { visit } of [...chips.values()]) push(visit);
      });
    },
    forget(connection) {
      const chip = chips.get(connection.id);
      if (!chip) return;
      chips.delete(connection.id);
      rereads.delete(chip);
    },
    tick() {
      const at = now();
      for (const chip of rereads.take(at)) readSoon(chip);
      const longestQuiet: Chip[] = [];
      for (const chip of chips.values()) {
        if (at - chip.pushedAt < quietMs || longestQuiet.length === quietPushes) break;
        longestQuiet.push(chip);
      }
      for (const chip of longestQuiet) {
        push(chip.visit);
        // It waits behind the others now, also when there was nothing to say.
        pushed(chip);
      }
    },
  };
}
