/** Socket.IO's rooms across nodes: the sharded Redis adapter, on two connections of its own. */
import { createShardedAdapter } from '@socket.io/redis-adapter';
import type { Logger } from '@keshi/runtime/log';
import { Redis } from 'ioredis';

export interface RoomAdapter {
  adapter: ReturnType<typeof createShardedAdapter>;
  close(): void;
}

const retryStrategy = (times: number) => Math.min(1_000, 50 * times);

/** Rejects when Redis does not answer. While it is away later, each node goes on telling those connected to it. */
export async function createRoomAdapter(url: string, log: Logger): Promise<RoomAdapter> {
  // Publishing fails at once while Redis is away: the adapter then delivers on this node, which must not wait.
  const publisher = new Redis(url, {
    lazyConnect: true,
    retryStrategy,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  });
  const subscriber = new Redis(url, { lazyConnect: true, retryStrategy, maxRetriesPerRequest: null });
  for (const redis of [publisher, subscriber])
    redis.on('error', (error: Error) => log.debug({ err: error }, 'room adapter: redis'));
  await Promise.all([publisher.connect(), subscriber.connect()]);
  return {
    adapter: createShardedAdapter(publisher, subscriber),
    close() {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}
