/** Socket.IO's rooms across nodes: the sharded Redis adapter, on two connections of its own. */
import { createShardedAdapter } from '@socket.io/redis-adapter';
import type { Logger } from '@keshi/runtime/log';
import { Redis } from 'ioredis';

type CreateAdapter = ReturnType<typeof createShardedAdapter>;

export interface RoomAdapter {
  adapter: (namespace: Parameters<CreateAdapter>[0]) => ReturnType<CreateAdapter>;
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
  const createAdapter = createShardedAdapter(publisher, subscriber);
  // No arrow, since Socket.IO calls it with `new`.
  function openAdapter(namespace: Parameters<CreateAdapter>[0]) {
    return withoutOwnRooms(createAdapter(namespace));
  }
  return {
    adapter: openAdapter,
    close() {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}

/**
 * Socket.IO puts every socket into a room of its own, which is two sets for each connection. Nobody here speaks to one
 * connection by a room: it is found by its person or its login, on the node that holds it.
 */
function withoutOwnRooms(adapter: ReturnType<CreateAdapter>): ReturnType<CreateAdapter> {
  const addAll = adapter.addAll.bind(adapter);
  adapter.addAll = (id, rooms) => (rooms.size === 1 && rooms.has(id) ? undefined : addAll(id, rooms));
  return adapter;
}
