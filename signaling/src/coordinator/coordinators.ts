/**
 * The classes this node coordinates, and the way to those it does not. A lease says which node should hold a class; the
 * fencing number in the database says which one may write it. Losing either, a node forgets the class at once.
 */
import { isUnavailable } from '@keshi/db/client';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import {
  BusError,
  StateUnavailable,
  type ClassBus,
  type Lease,
  type Unsubscribe,
} from '@keshi/runtime/state/ports';
import { createCoordinator, type Coordinator, type CoordinatorDeps } from './coordinator.ts';
import { isFencedOut } from './fencing.ts';
import { classChannel, coordinatorAddress, type Broadcast, type ClassRequest } from './messages.ts';

interface Held {
  coordinator: Coordinator;
  fence: number;
  /** Until when the lease can be believed in. */
  believedUntil: number;
  unserve: Unsubscribe;
}

export interface Coordinators {
  /**
   * Asks the class's coordinator, wherever it is; takes the class over when nobody has it. Rejects with AppError.
   * `parse` checks what another process answered.
   */
  ask<T>(classId: string, request: ClassRequest, parse: (answer: unknown) => T): Promise<T>;
  /** What this node coordinates. */
  here(classId: string): Coordinator | null;
  all(): Coordinator[];
  /** What waits for its time, in every class of this node. */
  tick(): void;
  /** Hands every class on: the next node to be asked takes it over. */
  close(): Promise<void>;
}

export interface CoordinatorsDeps extends Omit<CoordinatorDeps, 'log' | 'fencedOut' | 'neighbours'> {
  lease: Lease;
  bus: ClassBus;
  log: Logger;
  /** Answers what was asked of a coordinator of this node. */
  answer: (coordinator: Coordinator, request: ClassRequest) => Promise<unknown>;
  parse: (payload: unknown) => ClassRequest;
  leaseTtlMs?: number;
}

const askTimeoutMs = 5_000;
/** Less than a page waits for an answer, more than a lease lives. */
const patienceMs = 9_000;
const pauseMs = 150;

const unavailable = (cause: unknown) => new AppError('unavailable', { retryMs: 2_000, cause });
/** That the database is away is said in the same words wherever the coordinator is. */
const asTold = (error: unknown): unknown =>
  isUnavailable(error) && !(error instanceof AppError) ? unavailable(error) : error;

export function createCoordinators(deps: CoordinatorsDeps): Coordinators {
  const { nodeId, lease, bus, store, leaseTtlMs = 6_000 } = deps;
  const held = new Map<string, Held>();
  const opening = new Map<string, Promise<Held | null>>();
  let closing = false;

  async function takeOver(classId: string): Promise<Held | null> {
    const log = deps.log.child({ classId });
    const asked = performance.now();
    const won = await lease.acquire(`class:${classId}`, nodeId, leaseTtlMs);
    if (!won) return null;
    const giveBack = () => lease.release(`class:${classId}`, nodeId, won.fence).catch(() => false);
    try {
      const loaded = await store.takeOver(classId);
      if (!loaded) throw new AppError('not-found');
      const coordinator = createCoordinator(
        {
          ...deps,
          log,
          neighbours: () => held.size,
          fencedOut: () => void drop(classId, 'fenced out'),
        },
        loaded,
      );
      const unserve = await bus.serve(coordinatorAddress(classId), async (payload) => {
        try {
          return await deps.answer(coordinator, deps.parse(payload));
        } catch (error) {
          throw asTold(error);
        }
      });
      const entry = { coordinator, fence: won.fence, believedUntil: asked + leaseTtlMs, unserve };
      held.set(classId, entry);
      log.info({ fence: loaded.fence, state: coordinator.room.state }, 'coordinating the class');
      const news: Broadcast = { kind: 'coordinator', nodeId };
      bus.publish(classChannel(classId), news).catch(() => deps.deliverHere(classId, news));
      coordinator.resyncMedia();
      return entry;
    } catch (error) {
      await giveBack();
      throw error;
    }
  }

  function open(classId: string): Promise<Held | null> {
    const known = opening.get(classId);
    if (known) return known;
    const attempt = takeOver(classId).finally(() => opening.delete(classId));
    opening.set(classId, attempt);
    return attempt;
  }

  async function drop(classId: string, reason: string): Promise<void> {
    const entry = held.get(classId);
    if (!entry) return;
    held.delete(classId);
    entry.coordinator.close();
    deps.log.info({ classId, reason }, 'no longer coordinating the class');
    await entry.unserve().catch(() => undefined);
    await lease.release(`class:${classId}`, nodeId, entry.fence).catch(() => false);
  }

  async function renew(entries: readonly (readonly [string, Held])[]): Promise<void> {
    const asked = performance.now();
    try {
      const leases = entries.map(([classId, { fence }]) => ({ name: `class:${classId}`, fence }));
      const still = await lease.renewAll(leases, nodeId, leaseTtlMs);
      for (const [n, [classId, entry]] of entries.entries())
        if (still[n]) entry.believedUntil = asked + leaseTtlMs;
        else if (held.get(classId) === entry) void drop(classId, 'lease lost');
    } catch {
      // The store of leases is away: nobody can take the class over by lease, and the fence in the database guards
      // what is written. Going on serves those connected here.
    }
  }

  const renewing = setInterval(() => {
    const used: [string, Held][] = [];
    for (const [classId, entry] of held)
      if (entry.coordinator.unused) {
        entry.coordinator.abandon();
        void drop(classId, 'unused');
      } else used.push([classId, entry]);
    void renew(used);
  }, leaseTtlMs / 3);
  renewing.unref();

  /** An answer of this process is what its type says; joins by the thousand are not checked twice. */
  async function answerHere<T>({ coordinator }: Held, request: ClassRequest): Promise<T> {
    return (await deps.answer(coordinator, request)) as T;
  }

  async function askOnce<T>(
    classId: string,
    request: ClassRequest,
    parse: (answer: unknown) => T,
  ): Promise<T> {
    const here = held.get(classId) ?? (await opening.get(classId));
    if (here) return answerHere(here, request);
    try {
      return parse(await bus.request(coordinatorAddress(classId), request, askTimeoutMs));
    } catch (error) {
      if (!(error instanceof BusError) || error.failure !== 'unreachable') throw error;
      const taken = await open(classId);
      if (!taken) throw error;
      return answerHere(taken, request);
    }
  }

  function worthAnotherTry(error: unknown): boolean {
    return isFencedOut(error) || (error instanceof BusError && error.failure === 'unreachable');
  }

  return {
    async ask(classId, request, parse) {
      const deadline = performance.now() + patienceMs;
      for (;;) {
        if (closing) throw new AppError('draining', { retryMs: 1_000 });
        try {
          return await askOnce(classId, request, parse);
        } catch (error) {
          if (error instanceof StateUnavailable) throw unavailable(error);
          if (!worthAnotherTry(error)) throw asTold(error);
          if (performance.now() > deadline) throw unavailable(error);
        }
        // Its holder is dying or being chosen: the lease runs out within its time to live.
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    },
    here: (classId) => held.get(classId)?.coordinator ?? null,
    all: () => [...held.values()].map(({ coordinator }) => coordinator),
    tick() {
      const at = deps.now();
      const steadyAt = performance.now();
      for (const { coordinator } of held.values()) coordinator.tick(at, steadyAt);
    },
    async close() {
      closing = true;
      clearInterval(renewing);
      await Promise.all([...held.keys()].map((classId) => drop(classId, 'draining')));
    },
  };
}
