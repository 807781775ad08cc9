/** One storm: everybody sets out within some seconds, evenly spread, and stays a while once the last is there. */
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';
import { runViewers, type ViewerResult } from '../viewers.ts';
import { measuredCosts } from '../simulate/costs.ts';
import type { ProcessorTimes, StormSide } from './side.ts';

/**
 * The lightest streams a class can have: a camera of ten frames a second in one packet each, and a microphone with
 * 60 ms in a packet. What is measured is the way in; a thousand full pictures would need ten machines behind it.
 */
const streams = { videoEveryMs: 100, videoBytes: 300, audioEveryMs: 60, audioBytes: 60 };

export interface StormOptions {
  /** Within which all set out, ms. */
  spreadMs: number;
  patienceMs: number;
  stayMs: number;
}

export interface Storm {
  /** From setting out to having both sound and picture, ms; the whole patience for those who got none. */
  mediaMs: number[];
  /** Those who got none in time, or whose socket was lost. */
  lost: ViewerResult[];
  results: ViewerResult[];
  perJoin: JoinCosts;
}

/** Milliseconds of processor time for one join. */
export interface JoinCosts {
  /** Of the signaling node the viewer is connected to, and of the one that coordinates the class. */
  signalingMs: number;
  coordinatorMs: number;
  /** Of the media node's own process, and of its worker, forwarding left out. */
  nodeMs: number;
  workerMs: number;
}

/** Rejects when the publisher cannot publish. */
export async function raiseStorm(side: StormSide, options: StormOptions): Promise<Storm> {
  const { publisher, viewers } = await side.invite();
  const before = await side.processorTimes();
  const results = await runViewers({
    side: side.side,
    url: side.url,
    capabilities: routerRtpCapabilities,
    publisher: { ticket: publisher, atMs: 0 },
    streams,
    viewers: viewers.map((ticket, n) => ({
      ticket,
      atMs: Math.floor((n * options.spreadMs) / viewers.length),
    })),
    patienceMs: options.patienceMs,
    stayMs: options.stayMs,
  });
  if (results.length !== viewers.length) throw new Error('not every viewer reported');
  const after = await side.processorTimes();
  const mediaMs = results.map(({ audioMs, videoMs }) =>
    audioMs === null || videoMs === null ? options.patienceMs : Math.max(audioMs, videoMs),
  );
  return {
    mediaMs,
    lost: results.filter(({ outcome }) => outcome !== 'media'),
    results,
    perJoin: costsOf(before, after, results, options),
  };
}

const packetsPerSecond = 1_000 / streams.videoEveryMs + 1_000 / streams.audioEveryMs;

/**
 * The coordinator is on one of two signaling nodes, each of which has half the viewers: what it needs more than the
 * other is the coordinator's. What workers forwarded is known from how long each viewer was there.
 */
function costsOf(
  before: ProcessorTimes,
  after: ProcessorTimes,
  results: readonly ViewerResult[],
  { spreadMs, stayMs }: StormOptions,
): JoinCosts {
  const joins = results.length;
  const signaling = after.signaling.map((seconds, at) => 1_000 * (seconds - (before.signaling[at] ?? 0)));
  const [least, most] = signaling.length > 0 ? [Math.min(...signaling), Math.max(...signaling)] : [0, 0];
  const watchedSeconds = results.reduce((sum, { n, connectedMs }) => {
    if (connectedMs === null) return sum;
    const cameAtMs = (n * spreadMs) / joins;
    return sum + Math.max(0, spreadMs + stayMs - cameAtMs - connectedMs) / 1_000;
  }, 0);
  const forwardingMs = (watchedSeconds * packetsPerSecond * measuredCosts.toViewerMicros) / 1_000;
  return {
    signalingMs: (least * signaling.length) / joins,
    coordinatorMs: (most - least) / joins,
    nodeMs: (1_000 * (after.nodes - before.nodes)) / joins,
    workerMs: Math.max(0, 1_000 * (after.workers - before.workers) - forwardingMs) / joins,
  };
}
