import type { Redis } from 'ioredis';
import type { Logger } from '../../log.ts';
import type { SubscribeOptions, Unsubscribe } from '../ports.ts';
import { reached } from './connections.ts';

type Listener = (json: string) => void;

interface Channel {
  listeners: Map<Listener, SubscribeOptions>;
  subscribed: Promise<unknown>;
}

export interface Subscriptions {
  subscribe(channel: string, fn: Listener, options?: SubscribeOptions): Promise<Unsubscribe>;
  close(): void;
}

/** Many listeners over one subscriber connection: a channel is subscribed while anyone listens. */
export function createSubscriptions(redis: Redis, log: Logger): Subscriptions {
  const channels = new Map<string, Channel>();
  let closed = false;

  function guarded(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      log.error({ err: error }, 'subscriber failed');
    }
  }

  redis.on('message', (name: string, json: string) => {
    for (const listener of [...(channels.get(name)?.listeners.keys() ?? [])]) guarded(() => listener(json));
  });
  // Emitted again after each reconnect. The subscriptions are renewed on the same connection before this ping is
  // answered, so whoever catches up now misses nothing that is published from now on.
  redis.on('ready', () => {
    redis.ping().then(
      () => {
        for (const { listeners } of [...channels.values()])
          for (const { onGap } of [...listeners.values()]) if (onGap) guarded(onGap);
      },
      () => {}, // Lost again: the next 'ready' will tell.
    );
  });

  return {
    async subscribe(name, fn, options = {}) {
      const channel = channels.get(name) ?? {
        listeners: new Map(),
        subscribed: reached(redis.subscribe(name)),
      };
      channels.set(name, channel);
      const listener: Listener = (json) => fn(json);
      channel.listeners.set(listener, options);
      const leave = () => {
        channel.listeners.delete(listener);
        if (channel.listeners.size > 0 || channels.get(name) !== channel) return;
        channels.delete(name);
        if (!closed) redis.unsubscribe(name).catch(() => {});
      };
      try {
        await channel.subscribed;
      } catch (error) {
        leave();
        throw error;
      }
      return async () => leave();
    },
    close() {
      closed = true;
      channels.clear();
    },
  };
}
