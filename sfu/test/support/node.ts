/** A real node with real workers, and what it said. */
import { randomUUID } from 'node:crypto';
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';
import type { MediaSource } from '@keshi/contract/domain';
import { sfuEvents, type SfuEvent, type SfuEvents } from '@keshi/contract/sfu';
import { createLogger } from '@keshi/runtime/log';
import { expect } from 'vitest';
import type { z } from 'zod';
import { createSfuNode, type SfuNode, type SfuNodeOptions } from '../../src/node.ts';
import { placeByLoad } from '../../src/placement.ts';
import { createWorkerPool, type WorkerPool } from '../../src/worker-pool.ts';

export const log = createLogger({ name: 'sfu-test', level: 'silent', format: 'json' });

/** Spreads viewers over workers from the first one on. */
export const spread = placeByLoad({ budget: 1000, openingCost: 0 });

type EventName = keyof SfuEvents;
type Payload<N extends EventName> = z.output<SfuEvents[N]>;

export interface TestNode {
  node: SfuNode;
  pool: WorkerPool;
  events: SfuEvent[];
  /** Checked against the contract. */
  of<N extends EventName>(name: N): Payload<N>[];
  /** Waits until such an event has come; returns the first. */
  until<N extends EventName>(name: N, matches?: (payload: Payload<N>) => boolean): Promise<Payload<N>>;
  openClass(): Promise<string>;
  join(
    classId: string,
    peerId: string,
    options?: { resume?: boolean; audioOnly?: boolean },
  ): ReturnType<typeof joinWith>;
  close(): Promise<void>;
}

const joinWith = (node: SfuNode, classId: string, peerId: string, resume: boolean, audioOnly: boolean) =>
  node.request('peer.join', { classId, peerId, rtpCapabilities: routerRtpCapabilities, resume, audioOnly });

export async function createTestNode(
  options: { workers?: number; listenIp?: string; portBase?: number; workerBin?: string } & Partial<
    Omit<SfuNodeOptions, 'pool' | 'log'>
  > = {},
): Promise<TestNode> {
  const { workers = 1, listenIp = '127.0.0.1', portBase = 0, workerBin, ...rest } = options;
  const pool = await createWorkerPool({
    workers,
    listenIp,
    announcedAddress: null,
    portBase,
    ...(workerBin ? { workerBin } : {}),
    log,
  });
  const node = createSfuNode({ pool, log, ...rest });
  const events: SfuEvent[] = [];
  node.onEvent((event) => events.push(event));
  const test: TestNode = {
    node,
    pool,
    events,
    of: (name) => events.filter((event) => event.name === name).map(({ payload }) => parse(name, payload)),
    async until(name, matches = () => true) {
      const seen = () => test.of(name).find(matches);
      await expect.poll(seen, { timeout: 10_000, interval: 10, message: `event ${name}` }).toBeDefined();
      const payload = seen();
      if (!payload) throw new Error('unreachable');
      return payload;
    },
    async openClass() {
      const classId = randomUUID();
      await node.request('class.open', { classId, nodes: [] });
      return classId;
    },
    join: (classId, peerId, { resume = false, audioOnly = false } = {}) =>
      joinWith(node, classId, peerId, resume, audioOnly),
    async close() {
      node.close();
      await pool.close();
    },
  };
  return test;
}

const parse = <N extends EventName>(name: N, payload: unknown) =>
  sfuEvents[name].parse(payload) as Payload<N>;

let nextSsrc = 1_000_000;
let nextMid = 0;

/** What a page would send for one unencrypted stream of that source. */
export function publishable(source: MediaSource, ssrc = nextSsrc++) {
  const isAudio = source === 'mic' || source === 'screen-audio';
  const kind = isAudio ? ('audio' as const) : ('video' as const);
  const codec = isAudio
    ? { mimeType: 'audio/opus', payloadType: 111, clockRate: 48000, channels: 2 }
    : {
        mimeType: 'video/VP8',
        payloadType: 96,
        clockRate: 90000,
        rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
      };
  const headerExtensions = isAudio ? [{ uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: 10 }] : [];
  const rtpParameters = {
    mid: `m${nextMid++}`,
    codecs: [codec],
    headerExtensions,
    encodings: [{ ssrc }],
    rtcp: { cname: 'test' },
  };
  return { kind, source, rtpParameters, paused: false, ssrc };
}

/** Joins, goes on stage and publishes; returns the ids and where to send RTP. */
export async function publish(
  test: TestNode,
  classId: string,
  peerId: string,
  source: MediaSource,
  held: MediaSource[] = [],
) {
  await test.join(classId, peerId, { resume: true });
  const { sendTransport } = await test.node.request('peer.publish', {
    classId,
    peerId,
    via: 'page',
    held,
  });
  const { ssrc, ...parameters } = publishable(source);
  const transportId = sendTransport.id;
  const { producerId } = await test.node.request('producer.create', {
    classId,
    peerId,
    transportId,
    ...parameters,
  });
  return { transportId, producerId, ssrc, port: sendTransport.iceCandidates[0]?.port ?? 0 };
}
