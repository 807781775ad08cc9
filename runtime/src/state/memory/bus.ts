import type { Logger } from '../../log.ts';
import { fromRemoteError, toRemoteError } from '../../remote-error.ts';
import { BusError, type ClassBus, StateUnavailable } from '../ports.ts';

type Listener = (message: unknown) => void;

/**
 * Delivers in a later turn of the event loop and through JSON, so that nothing works here that would not work
 * between processes: no shared objects, no delivery inside publish.
 */
export function createMemoryBus(log: Logger): ClassBus & { close(): void } {
  const channels = new Map<string, Set<Listener>>();
  const servers = new Map<string, (payload: unknown) => unknown>();
  const pending = new Set<(error: Error) => void>();
  let closed = false;

  function deliver(listener: Listener, json: string): void {
    try {
      listener(JSON.parse(json));
    } catch (error) {
      log.error({ err: error }, 'subscriber failed');
    }
  }

  async function answer(handler: (payload: unknown) => unknown, json: string): Promise<unknown> {
    try {
      return JSON.parse(encode(await handler(JSON.parse(json))));
    } catch (error) {
      throw fromRemoteError(toRemoteError(error, log));
    }
  }

  return {
    async publish(channel, message) {
      if (closed) throw new StateUnavailable('the bus is closed');
      const json = encode(message);
      setImmediate(() => {
        for (const listener of channels.get(channel) ?? []) deliver(listener, json);
      });
    },
    async subscribe(channel, fn) {
      const listeners = channels.get(channel) ?? new Set();
      channels.set(channel, listeners);
      const listener: Listener = (message) => fn(message);
      listeners.add(listener);
      return async () => {
        listeners.delete(listener);
        if (listeners.size === 0 && channels.get(channel) === listeners) channels.delete(channel);
      };
    },
    async serve(address, handler) {
      if (servers.has(address)) throw new Error(`${address} is served already`);
      servers.set(address, handler);
      return async () => {
        if (servers.get(address) === handler) servers.delete(address);
      };
    },
    async request(address, payload, timeoutMs) {
      const handler = servers.get(address);
      if (closed || !handler) throw new BusError('unreachable', address);
      const json = encode(payload);
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const timer = setTimeout(() => reject(new BusError('timeout', address)), timeoutMs);
      pending.add(reject);
      setImmediate(() => void answer(handler, json).then(resolve, reject));
      return promise.finally(() => {
        clearTimeout(timer);
        pending.delete(reject);
      });
    },
    close() {
      closed = true;
      channels.clear();
      servers.clear();
      for (const reject of pending) reject(new BusError('unreachable', 'closed'));
    },
  };
}

/** JSON has no word for undefined; a message or answer of nothing is null. */
function encode(message: unknown): string {
  return JSON.stringify(message ?? null);
}
