/** One storm: everybody sets out within some seconds, evenly spread, and stays a while once the last is there. */
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';
import { runViewers, type ViewerResult } from '../viewers.ts';
import type { StormSide } from './side.ts';

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
}

/** Rejects when the publisher cannot publish. */
export async function raiseStorm(side: StormSide, options: StormOptions): Promise<Storm> {
  const { publisher, viewers } = await side.invite();
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
  const mediaMs = results.map(({ audioMs, videoMs }) =>
    audioMs === null || videoMs === null ? options.patienceMs : Math.max(audioMs, videoMs),
  );
  return { mediaMs, lost: results.filter(({ outcome }) => outcome !== 'media'), results };
}
