/**
 * The peers and the limit, in as many processes as ours has nodes. Two processes of plain Socket.IO are joined by its own
 * Redis adapter, as its documentation says; those of bare `ws` and raw TCP know nothing of each other, and the bench has
 * both of them send.
 */
import { startRedis, type TestRedis } from '@keshi/runtime/testing/redis';
import { startChild } from './child.ts';
import { monotonicMs } from './ledger.ts';
import type { Protocol } from './member.ts';
import type { PeerAnswers } from './peers/main.ts';
import { nodeOptions } from './server-costs.ts';
import type { FanoutSide, OpenSide, SideName } from './side.ts';

const processes = 2;
const program = new URL('./peers/main.ts', import.meta.url);

function peer(name: SideName, protocol: Exclude<Protocol, 'product'>): FanoutSide {
  return { name, open: (members) => open(protocol, members) };
}

export const plainSocketIo = peer('plain Socket.IO', 'socket.io');
export const bareWs = peer('bare ws', 'ws');
export const rawTcp = peer('raw TCP', 'tcp');

async function open(protocol: Exclude<Protocol, 'product'>, members: number): Promise<OpenSide> {
  const children = Array.from({ length: processes }, () =>
    startChild<PeerAnswers>(program, { NODE_OPTIONS: nodeOptions }),
  );
  let redis: TestRedis | null = null;
  const close = async () => {
    for (const child of children) await child.stop();
    await redis?.stop();
  };
  try {
    if (protocol === 'socket.io') redis = await startRedis();
    const redisUrl = redis?.url ?? null;
    const servers = await Promise.all(
      children.map(async (child) => ({
        pid: child.pid,
        port: await child.ask('listen', { protocol, redisUrl }),
      })),
    );
    const send = async (number: number) => {
      const at = monotonicMs();
      await Promise.all(children.map((child) => child.ask('send', { number })));
      return { at };
    };
    return {
      protocol,
      servers,
      tickets: () => Promise.resolve(Array.from({ length: members }, () => null)),
      send: protocol === 'socket.io' ? null : send,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
