/**
 * The conversation between two SFU nodes that carry the same class. A node watches the stages of the others and takes
 * a stream only while somebody of its own consumes it; the node where it is published gives it, once per node. Which
 * nodes carry a class signaling tells them (`class.open`).
 */
import { z } from 'zod';
import { id, instant, mediaSource } from './domain.ts';
import { mediaKind, rtpParameters } from './media.ts';
import { publishingVia } from './sfu.ts';

const none = z.object({});
const classOnly = z.object({ classId: id });

/** A stream as the node says that publishes it. Its id is the same on every node. */
export const stageStream = z.object({
  id: z.string().max(64),
  peerId: id,
  source: mediaSource,
  kind: mediaKind,
  via: publishingVia,
  paused: z.boolean(),
  /** Since when, by the clock of the node that publishes it: of two of one person and source the later is the true one. */
  since: instant,
});
export type StageStreamJson = z.infer<typeof stageStream>;

/** One end of a pipe, with the key its packets are encrypted with. */
export const pipeEnd = z.object({
  ip: z.string().max(255),
  port: z.int().min(1).max(65_535),
  srtp: z.object({ cryptoSuite: z.string().max(64), keyBase64: z.string().max(256) }),
});
export type PipeEnd = z.infer<typeof pipeEnd>;

const pipe = classOnly.extend({ pipeId: z.string().max(64) });

export const meshRequests = {
  /** What is published there now; what changes follows as events, until `stage.unwatch` or the end of the link. */
  'stage.watch': { params: classOnly, result: z.object({ streams: z.array(stageStream) }) },
  'stage.unwatch': { params: classOnly, result: none },
  /**
   * One stream through a pipe. The taker names the pipe and its end of it; the first take makes the other end. Taking
   * a stream again answers as before.
   */
  'pipe.take': {
    params: pipe.extend({ streamId: z.string().max(64), end: pipeEnd }),
    result: z.object({ end: pipeEnd, kind: mediaKind, rtpParameters, paused: z.boolean() }),
  },
  /** Nobody there consumes it any more; with its last stream the pipe closes. Idempotent. */
  'pipe.drop': { params: pipe.extend({ streamId: z.string().max(64) }), result: none },
} as const;

export const meshEvents = {
  'stage.opened': classOnly.extend({ stream: stageStream }),
  'stage.paused': classOnly.extend({ streamId: z.string(), paused: z.boolean() }),
  'stage.closed': classOnly.extend({ streamId: z.string() }),
} as const;

export const meshContract = { requests: meshRequests, events: meshEvents } as const;
