/** Ours: the service's own node, asked as signaling asks it; only the peers' transports are plain RTP. */
import { randomUUID } from 'node:crypto';
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';
import { createLogger } from '@keshi/runtime/log';
import { createSfuNode } from '@keshi/sfu/node';
import { placeByLoad } from '@keshi/sfu/placement';
import { plainTransports } from '@keshi/sfu/plain-transport';
import { createWorkerPool } from '@keshi/sfu/worker-pool';
import { soundParameters, type OpenPath, type UdpAddress } from './path.ts';

export const openOurSfu: OpenPath = async ({ consumers, piped, sinkOf }) => {
  const log = createLogger({ name: 'bench', level: 'error', format: 'json' });
  const pool = await createWorkerPool({
    workers: piped ? 2 : 1,
    listenIp: '127.0.0.1',
    announcedAddress: null,
    portBase: 0,
    log,
  });
  const sinks = new Map<string, UdpAddress>();
  const node = createSfuNode({
    pool,
    log,
    openTransport: plainTransports({ sinkOf: ({ peerId }) => sinks.get(peerId) ?? sinkOf(1) }),
    // The stage is on the first worker; all viewers go to the last, to be measured behind one pipe.
    placement: { ...placeByLoad(), peer: (workers) => workers.at(-1) ?? null },
  });
  const classId = randomUUID();
  const publisher = randomUUID();
  const join = (peerId: string) =>
    node.request('peer.join', {
      classId,
      peerId,
      rtpCapabilities: routerRtpCapabilities,
      resume: false,
      audioOnly: false,
    });
  await node.request('class.open', { classId, nodes: [] });
  await join(publisher);
  const { sendTransport } = await node.request('peer.publish', {
    classId,
    peerId: publisher,
    via: 'page',
    held: [],
  });
  await node.request('producer.create', {
    classId,
    peerId: publisher,
    transportId: sendTransport.id,
    kind: 'audio',
    source: 'mic',
    rtpParameters: soundParameters,
    paused: false,
  });
  for (let viewer = 0; viewer < consumers; viewer++) {
    const peerId = randomUUID();
    sinks.set(peerId, sinkOf(viewer));
    await join(peerId);
  }
  const { consumers: made, pipes } = node.census();
  if (made !== consumers || pipes !== (piped ? 1 : 0)) throw new Error('the class is not laid out as meant');
  const input = sendTransport.iceCandidates[0];
  if (!input) throw new Error('the publisher has no address');
  return {
    name: 'ours',
    port: input.port,
    async close() {
      node.close();
      await pool.close();
    },
  };
};
