import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Logger } from '../../log.ts';
import { fromRemoteError, remoteError, toRemoteError } from '../../remote-error.ts';
import { BusError, type ClassBus, StateUnavailable } from '../ports.ts';
import { reached } from './connections.ts';
import type { Subscriptions } from './subscriptions.ts';

const requestFrame = z.object({ id: z.string(), replyTo: z.string(), payload: z.unknown() });
const replyFrame = z.discriminatedUnion('ok', [
  z.object({ id: z.string(), ok: z.literal(true), result: z.unknown() }),
  z.object({ id: z.string(), ok: z.literal(false), error: remoteError }),
]);

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** Pub/sub for messages; a request is a message to the address's channel, its answer one to this process's own. */
export async function createRedisBus({
  redis,
  subscriptions,
  prefix,
  log,
}: {
  redis: Redis;
  subscriptions: Subscriptions;
  prefix: string;
  log: Logger;
}): Promise<ClassBus & { close(): void }> {
  const channelOf = (channel: string) => `${prefix}bus:${channel}`;
  const addressOf = (address: string) => `${prefix}serve:${address}`;
  const replyTo = `${prefix}reply:${randomUUID()}`;
  const pending = new Map<string, Pending>();
  const served = new Set<string>();
  let closed = false;

  await subscriptions.subscribe(replyTo, (json) => {
    const reply = replyFrame.parse(JSON.parse(json));
    const waiting = pending.get(reply.id);
    if (reply.ok) waiting?.resolve(reply.result);
    else waiting?.reject(fromRemoteError(reply.error));
  });

  let turn: Promise<void> | null = null;
  /**
   * What is sent in one turn of the event loop leaves together: each write by itself would cost more than all else here.
   * Under load thousands of members ask within few turns.
   */
  function endOfTurn(): Promise<void> {
    turn ??= new Promise((resolve) => {
      setImmediate(() => {
        turn = null;
        resolve();
      });
    });
    return turn;
  }

  async function send(channel: string, frame: unknown): Promise<number> {
    const json = JSON.stringify(frame ?? null);
    await endOfTurn();
    return reached(redis.publish(channel, json));
  }

  async function answer(json: string, handler: (payload: unknown) => unknown): Promise<void> {
    const { id, replyTo: to, payload } = requestFrame.parse(JSON.parse(json));
    const reply = await (async () => ({ id, ok: true, result: (await handler(payload)) ?? null }))().catch(
      (error: unknown) => ({ id, ok: false, error: toRemoteError(error, log) }),
    );
    await send(to, reply);
  }

  return {
    async publish(channel, message) {
      if (closed) throw new StateUnavailable('the bus is closed');
      await send(channelOf(channel), message);
    },
    subscribe(channel, fn, options) {
      return subscriptions.subscribe(channelOf(channel), (json) => fn(JSON.parse(json)), options);
    },
    async serve(address, handler) {
      if (served.has(address)) throw new Error(`${address} is served already`);
      served.add(address);
      const unsubscribe = await subscriptions.subscribe(addressOf(address), (json) => {
        answer(json, handler).catch((error: unknown) =>
          log.warn({ address, err: error }, 'request not answered'),
        );
      });
      return async () => {
        served.delete(address);
        await unsubscribe();
      };
    },
    async request(address, payload, timeoutMs) {
      if (closed) throw new BusError('unreachable', address);
      const id = randomUUID();
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const timer = setTimeout(() => reject(new BusError('timeout', address)), timeoutMs);
      pending.set(id, { resolve, reject });
      // PUBLISH says how many heard it, so a request to nobody fails at once and not by its timeout.
      send(addressOf(address), { id, replyTo, payload: payload ?? null }).then(
        (listeners) => {
          if (listeners === 0) reject(new BusError('unreachable', address));
        },
        (error: unknown) => reject(new BusError('unreachable', address, error)),
      );
      return promise.finally(() => {
        clearTimeout(timer);
        pending.delete(id);
      });
    },
    close() {
      closed = true;
      for (const { reject } of pending.values()) reject(new BusError('unreachable', 'closed'));
    },
  };
}
