import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../../log.ts';
import { retryPauseMs } from '../../retry.ts';
import { type Consumption, type PresenceLog, StateUnavailable } from '../ports.ts';

interface Waiting {
  facts: unknown[];
  stored: () => void;
  refused: (error: Error) => void;
}

interface Worker {
  store: (batches: Waiting[]) => Promise<void>;
}

interface Group {
  waiting: Waiting[];
  /** With a handler now. */
  inHand: Waiting[];
  workers: Worker[];
  busy: boolean;
}

/**
 * There is no store to survive in, so nothing is acknowledged before the handler has written it to the database.
 * While a handler runs, what arrives meanwhile is gathered into its next batch.
 */
export function createMemoryPresenceLog(log: Logger): PresenceLog & { close(): Promise<void> } {
  const groups = new Map<string, Group>();
  /** Appended before the first group was registered. */
  let orphans: Waiting[] = [];
  const consumptions = new Set<Consumption>();
  const closing = new AbortController();

  async function drain(name: string, group: Group): Promise<void> {
    if (group.busy) return;
    group.busy = true;
    for (let failures = 0; group.waiting.length > 0 && !closing.signal.aborted;) {
      const worker = group.workers[0];
      if (!worker) break;
      const batches = group.waiting;
      group.waiting = [];
      group.inHand = batches;
      try {
        await worker.store(batches);
        group.inHand = [];
        for (const { stored } of batches) stored();
        failures = 0;
      } catch (error) {
        group.waiting = [...batches, ...group.waiting];
        group.inHand = [];
        // A worker that was stopped in the middle leaves its batch to the next one without waiting.
        if (group.workers[0] !== worker) continue;
        failures += 1;
        log.warn({ group: name, failures, err: error }, 'presence batch not stored, trying again');
        await pause(retryPauseMs(failures), undefined, { signal: closing.signal, ref: false }).catch(
          () => {},
        );
      }
    }
    group.busy = false;
  }

  return {
    async append(facts) {
      if (closing.signal.aborted) throw new StateUnavailable('the presence log is closed');
      if (facts.length === 0) return;
      const copy = JSON.parse(JSON.stringify(facts)) as unknown[];
      const put = (target: Waiting[]) => {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        target.push({ facts: copy, stored: resolve, refused: reject });
        return promise;
      };
      if (groups.size === 0) return put(orphans);
      const stored = [...groups.values()].map((group) => put(group.waiting));
      for (const [name, group] of groups) void drain(name, group);
      await Promise.all(stored);
    },
    async consume({ group: name, consumer, parse, handler }) {
      const group = groups.get(name) ?? { waiting: orphans, inHand: [], workers: [], busy: false };
      if (!groups.has(name)) orphans = [];
      groups.set(name, group);
      const stopping = Promise.withResolvers<never>();
      stopping.promise.catch(() => {});
      let running: Promise<void> = Promise.resolve();
      const worker: Worker = {
        store(batches) {
          const facts = batches.flatMap((batch) => readable(batch, parse, consumer, log));
          const done = facts.length > 0 ? (async () => handler(facts))() : Promise.resolve();
          running = done.catch(() => {});
          return Promise.race([done, stopping.promise]);
        },
      };
      group.workers.push(worker);
      void drain(name, group);
      const consumption: Consumption = {
        async stop(graceMs = 5_000) {
          consumptions.delete(consumption);
          const at = group.workers.indexOf(worker);
          if (at < 0) return;
          group.workers.splice(at, 1);
          await Promise.race([running, pause(graceMs, undefined, { ref: false })]);
          // One turn lets a batch that has just been stored be acknowledged before the worker is given up.
          await pause(0);
          stopping.reject(new StateUnavailable('the consumer stopped'));
          void drain(name, group);
        },
      };
      consumptions.add(consumption);
      return consumption;
    },
    async depth() {
      return [...groups.values()].reduce((sum, group) => sum + unstored(group).length, orphans.length);
    },
    async close() {
      closing.abort();
      await Promise.all([...consumptions].map((consumption) => consumption.stop()));
      const all = [...orphans, ...[...groups.values()].flatMap(unstored)];
      for (const { refused } of all) refused(new StateUnavailable('the presence log was closed'));
      orphans = [];
      groups.clear();
    },
  };
}

function unstored(group: Group): Waiting[] {
  return [...group.inHand, ...group.waiting];
}

function readable<T>(batch: Waiting, parse: (fact: unknown) => T, consumer: string, log: Logger): T[] {
  const facts: T[] = [];
  for (const fact of batch.facts) {
    try {
      facts.push(parse(fact));
    } catch (error) {
      log.error({ consumer, err: error }, 'unreadable presence fact');
    }
  }
  return facts;
}
