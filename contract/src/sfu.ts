/**
 * The conversation between signaling and one SFU node over their persistent duplex link: commands and events in
 * order. A peer is a person in a class (peerId = userId): one live media session per person and class.
 * The SFU knows nothing of users, courses or rights; signaling has decided all that before it asks.
 */
import { z } from 'zod';
import { id, mediaSource } from './domain.ts';
import { recordingView } from './recordings.ts';
import {
  consumerOptions,
  dtlsParameters,
  mediaKind,
  preferredLayers,
  rtpCapabilities,
  rtpParameters,
  transportOptions,
} from './media.ts';

const none = z.object({});
const peer = z.object({ classId: id, peerId: id });
/** Names one life of one process. */
const nodeId = z.string().min(1).max(64);

/** What a person publishes with: the class's page, or an encoder over WHIP. */
export const publishingVia = z.enum(['page', 'whip']);
export type PublishingVia = z.infer<typeof publishingVia>;

export const finishedRecording = z.object({
  /** Server time of its first and last moment; pauses lie between. */
  from: z.int(),
  to: z.int(),
  durationMs: z.int(),
  views: z.array(recordingView),
  bytes: z.int(),
  hasPreview: z.boolean(),
});
export type FinishedRecording = z.infer<typeof finishedRecording>;

export const sfuRequests = {
  /**
   * Idempotent: makes the class's origin router if there is none. `nodes` are other nodes that carry the class, beyond
   * those named before: what is published there is watched here too. Naming one that does not carry it does no harm.
   */
  'class.open': { params: z.object({ classId: id, nodes: z.array(nodeId) }), result: none },
  /** Closes every transport of the class; idempotent. */
  'class.close': { params: z.object({ classId: id }), result: none },
  /**
   * What is published on this node now, and whether it records the class, for a coordinator that begins or has lost
   * sight of it; nothing for an unknown class.
   */
  'class.stage': {
    params: z.object({ classId: id }),
    result: z.object({
      producers: z.array(z.object({ peerId: id, source: mediaSource, paused: z.boolean() })),
      records: z.boolean(),
    }),
  },
  /**
   * One idempotent step: the viewer's receive transport and a consumer for every stage producer.
   * With `resume` a peer whose transports still live keeps them (`resumed: true`, the consumers it has now);
   * without it, or when they are gone, the peer's former media session is closed and made anew.
   */
  'peer.join': {
    params: peer.extend({ rtpCapabilities, resume: z.boolean(), audioOnly: z.boolean() }),
    result: z.object({
      resumed: z.boolean(),
      recvTransport: transportOptions,
      consumers: z.array(consumerOptions),
    }),
  },
  'peer.leave': { params: peer, result: none },
  /**
   * A send transport, made when the person goes on stage; idempotent for the page, made anew for WHIP. It needs no
   * viewer: an encoder publishes without watching. `held` are the sources that signaling holds muted.
   */
  'peer.publish': {
    params: peer.extend({ via: publishingVia, held: z.array(mediaSource) }),
    result: z.object({ sendTransport: transportOptions }),
  },
  /**
   * Closes the person's send transports and their producers: off the stage. With `transportId` that one alone, and
   * nothing when it is gone already: a later session of the same person goes on.
   */
  'peer.unpublish': { params: peer.extend({ transportId: z.string().optional() }), result: none },
  'peer.audioOnly': { params: peer.extend({ audioOnly: z.boolean() }), result: none },
  'transport.connect': {
    params: peer.extend({ transportId: z.string(), dtlsParameters }),
    result: none,
  },
  'transport.restartIce': {
    params: peer.extend({ transportId: z.string() }),
    result: z.object({ iceParameters: transportOptions.shape.iceParameters }),
  },
  /** Repeating a source closes the peer's former producer of that source. */
  'producer.create': {
    params: peer.extend({
      transportId: z.string(),
      kind: mediaKind,
      source: mediaSource,
      rtpParameters,
      paused: z.boolean(),
    }),
    result: z.object({ producerId: z.string() }),
  },
  'producer.pause': { params: peer.extend({ producerId: z.string() }), result: none },
  'producer.resume': { params: peer.extend({ producerId: z.string() }), result: none },
  'producer.close': { params: peer.extend({ producerId: z.string() }), result: none },
  /** Signaling mutes a person's source whatever the page does; `paused` until lifted. */
  'producer.hold': { params: peer.extend({ source: mediaSource, held: z.boolean() }), result: none },
  'consumer.pause': { params: peer.extend({ consumerId: z.string() }), result: none },
  'consumer.resume': { params: peer.extend({ consumerId: z.string() }), result: none },
  'consumer.layers': {
    params: peer.extend({ consumerId: z.string(), layers: preferredLayers }),
    result: none,
  },
  /** Records what is published in the class from here on, on whichever nodes; idempotent. */
  'recording.start': { params: z.object({ classId: id, hostId: id }), result: none },
  /** Nothing of a pause is recorded. */
  'recording.pause': { params: z.object({ classId: id }), result: none },
  'recording.resume': { params: z.object({ classId: id }), result: none },
  /** Stores what is open and ends; idempotent. */
  'recording.stop': { params: z.object({ classId: id }), result: none },
  /** From what is stored, whoever recorded it: its length, and the pictures to seek by. Idempotent, may take minutes. */
  'recording.finish': {
    params: z.object({ classId: id }),
    result: z.object({ recording: finishedRecording.nullable() }),
  },
  /** Removes what was recorded: it was only for those who could not be given media of their own. Idempotent. */
  'recording.discard': { params: z.object({ classId: id }), result: none },
  'node.stats': {
    params: none,
    result: z.object({
      classes: z.int(),
      peers: z.int(),
      transports: z.int(),
      producers: z.int(),
      consumers: z.int(),
      workers: z.array(z.object({ pid: z.int(), consumers: z.int(), routers: z.int() })),
    }),
  },
} as const;
export type SfuRequests = typeof sfuRequests;

export const sfuEvents = {
  /** A stage stream began; the consumer is made and paused no longer than it takes the page to consume it. */
  'consumer.new': peer.extend({ consumer: consumerOptions }),
  'consumer.closed': peer.extend({ consumerId: z.string() }),
  /** The publisher paused or resumed it. */
  'consumer.producerPaused': peer.extend({ consumerId: z.string(), paused: z.boolean() }),
  /** What the SFU is sending now; null when nothing fits. */
  'consumer.layers': peer.extend({ consumerId: z.string(), layers: preferredLayers.nullable() }),
  'producer.opened': peer.extend({ producerId: z.string(), source: mediaSource, paused: z.boolean() }),
  'producer.closed': peer.extend({ producerId: z.string(), source: mediaSource }),
  'producer.paused': peer.extend({ source: mediaSource, paused: z.boolean() }),
  /** Loudest first, at most five, at most twice a second; empty when it falls silent. */
  'stage.speaking': z.object({ classId: id, peerIds: z.array(id) }),
  /** The peer's media session is gone (its worker died, or its transport failed): it should join media again. */
  'peer.reset': peer.extend({ reason: z.enum(['worker-died', 'transport-failed', 'node-restarted']) }),
  /** `trouble`: something of ours keeps segments from being stored; it goes on trying, and the class is not disturbed. */
  'recording.state': z.object({
    classId: id,
    state: z.enum(['recording', 'trouble', 'paused', 'stopped']),
    reason: z.string().nullable(),
  }),
} as const;
export type SfuEvents = typeof sfuEvents;

export type SfuEvent = {
  [K in keyof SfuEvents]: { name: K; payload: z.infer<SfuEvents[K]> };
}[keyof SfuEvents];

/** Both directions of the link, as each end is made with it. */
export const sfuContract = { requests: sfuRequests, events: sfuEvents } as const;

/** The kind under which SFU nodes are in the registry, and the audience their links answer to. */
export const sfuNodeKind = 'sfu';

/** What a node says of itself in the registry. */
export const sfuNodeInfo = z.object({
  /** Where its link for signaling listens, and the one for other SFU nodes. */
  url: z.url({ protocol: /^wss?$/ }),
  meshUrl: z.url({ protocol: /^wss?$/ }).nullable(),
  /** Where it stands, by an operator's own names; null: nowhere in particular. */
  region: z.string().max(64).nullable(),
  /** A draining node takes no new class and no new peer. */
  draining: z.boolean(),
  /** Consumers that all its workers take together. */
  budget: z.int().min(0),
  /**
   * How much of its budget is used, of consumers or of bandwidth, whichever is the scarcer; in steps of 2 %, so that
   * the registry is not told of each viewer.
   */
  usedPercent: z.int().min(0),
  /** Whether it can record. */
  records: z.boolean(),
});
export type SfuNodeInfo = z.infer<typeof sfuNodeInfo>;
