/** What leaves this device, measured: what others can see and hear of us. */
import { roundTripOf } from './network-quality.ts';

export interface Sending {
  /** Lines and pictures a second of the largest picture going up; null while there is none. */
  picture: { source: 'camera' | 'screen'; lines: number; fps: number } | null;
  /** 0 to 1; null while no microphone is open. */
  level: number | null;
  /** What keeps the picture smaller than it could be. */
  limited: 'none' | 'cpu' | 'bandwidth';
  /** 0 to 1, as the server counts it. */
  lossRate: number;
}

export interface SendingReading extends Omit<Sending, 'picture'> {
  lines: number;
  fps: number;
  rttMs: number | null;
}

/** From the statistics of the senders of a picture and a microphone, either of which may be missing. */
export function readSending(reports: readonly (RTCStatsReport | undefined)[]): SendingReading {
  const reading: SendingReading = {
    lines: 0,
    fps: 0,
    level: null,
    limited: 'none',
    lossRate: 0,
    rttMs: null,
  };
  for (const row of reports.flatMap((report) => [...(report?.values() ?? [])])) {
    switch (row.type) {
      case 'outbound-rtp':
        // Of several layers the highest that really flows.
        if (row.kind === 'video' && row.framesPerSecond > 0 && row.frameHeight > reading.lines) {
          reading.lines = row.frameHeight;
          reading.fps = Math.round(row.framesPerSecond);
        }
        if (row.qualityLimitationReason === 'bandwidth') reading.limited = 'bandwidth';
        if (row.qualityLimitationReason === 'cpu' && reading.limited === 'none') reading.limited = 'cpu';
        break;
      case 'media-source':
        if (row.kind === 'audio' && row.audioLevel !== undefined)
          reading.level = Math.max(reading.level ?? 0, row.audioLevel);
        break;
      case 'remote-inbound-rtp':
        reading.lossRate = Math.max(reading.lossRate, row.fractionLost ?? 0);
        break;
      case 'candidate-pair':
        reading.rttMs = roundTripOf(row) ?? reading.rttMs;
        break;
    }
  }
  return reading;
}
