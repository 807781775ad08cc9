/** Ours: the service's own nodes, asked as signaling asks them; only the ends of the peers' transports are plain sockets. */
import { randomUUID } from 'node:crypto';
import { createLogger } from '@keshi/runtime/log';
import { placeByLoad } from '@keshi/sfu/placement';
import type { UdpAddress } from '../forward/path.ts';
import { joinClass, publishLane, untilConsumers } from '../nodes/bench-class.ts';
import { openLocalNodes } from '../nodes/local-nodes.ts';
import { securePeers } from '../nodes/secure-peers.ts';
import type { OpenSide } from './side.ts';
import { streams } from './stream.ts';

/** Workers of each node, by the pipes between publisher and viewers: two are one between nodes and one inside. */
const workersFor: Record<number, readonly number[]> = { 0: [1], 1: [2], 2: [1, 2] };

export const openOurSide: OpenSide = async ({ pipes }) => {
  const sinks = new Map<string, UdpAddress>();
  const cluster = await openLocalNodes({
    workers: workersFor[pipes] ?? [],
    log: createLogger({ name: 'bench', level: 'error', format: 'json' }),
    openTransport: securePeers((peerId) => sinks.get(peerId)),
    // Stages are on a node's first worker and viewers on its last, to be measured behind the pipe; how much a worker
    // takes is what the bench is to find, so there is no budget here.
    placement: {
      ...placeByLoad(),
      peer: (workers) => workers.at(-1) ?? null,
      origin: (workers) => workers[0] ?? null,
    },
  });
  const [near, far] = [cluster.nodes[0], cluster.nodes.at(-1)];
  if (!near || !far) throw new Error(`there is no layout with ${pipes} pipes`);

  return {
    name: 'ours',
    workerPids: cluster.nodes.flatMap(({ pool }) => pool.workers().map(({ pid }) => pid)),
    async addClass({ lane, viewers, sinkOf }) {
      const classId = randomUUID();
      for (const { id, node } of cluster.nodes)
        await node.request('class.open', {
          classId,
          nodes: cluster.nodes.map((other) => other.id).filter((other) => other !== id),
        });
      const before = far.node.census().consumers;
      const port = await publishLane(near.node, classId, lane);
      for (let viewer = 0; viewer < viewers; viewer++) {
        const peerId = randomUUID();
        sinks.set(peerId, sinkOf(viewer));
        await joinClass(far.node, classId, peerId);
      }
      await untilConsumers(far.node, before + viewers * streams.length);
      return { port };
    },
    close: () => cluster.close(),
  };
};
