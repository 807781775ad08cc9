/** A class on nodes of a bench, asked of them as signaling asks. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';
import type { SfuNode } from '@keshi/sfu/node';
import { parametersOf, streams } from '../capacity/stream.ts';

/** Joins as somebody who watches; resolves with how many streams were there already. */
export async function joinClass(node: SfuNode, classId: string, peerId: string): Promise<number> {
  const { consumers } = await node.request('peer.join', {
    classId,
    peerId,
    rtpCapabilities: routerRtpCapabilities,
    resume: false,
    audioOnly: false,
  });
  return consumers.length;
}

/** Publishes that lane's camera and microphone; resolves with the port to send both to. */
export async function publishLane(node: SfuNode, classId: string, lane: number): Promise<number> {
  const peerId = randomUUID();
  await joinClass(node, classId, peerId);
  const { sendTransport } = await node.request('peer.publish', { classId, peerId, via: 'page', held: [] });
  for (const { kind } of streams)
    await node.request('producer.create', {
      classId,
      peerId,
      transportId: sendTransport.id,
      kind,
      source: kind === 'video' ? 'camera' : 'mic',
      rtpParameters: parametersOf(lane, kind),
      paused: false,
    });
  const input = sendTransport.iceCandidates[0];
  if (!input) throw new Error('the publisher has no address');
  return input.port;
}

const patienceMs = 10_000;

/** Streams of other nodes come a moment after the viewer: resolves once the node feeds so many consumers. */
export async function untilConsumers(node: SfuNode, wanted: number): Promise<void> {
  const until = performance.now() + patienceMs;
  while (node.census().consumers < wanted) {
    if (performance.now() > until)
      throw new Error(`${node.census().consumers} of ${wanted} streams came to the viewers`);
    await delay(10);
  }
}
