/** How well the network carries the class, in the three words a person is told. */

/** In words on screen: 良好 / 一般 / 较差. */
export type Quality = 'unknown' | 'good' | 'fair' | 'poor';

const ranks: Record<Quality, number> = { unknown: 0, poor: 1, fair: 2, good: 3 };

/** `lossRate` 0 to 1; `starved`: a picture that is shown gets no layer at all. */
export function qualityOf(link: { lossRate: number; rttMs: number; starved: boolean }): Quality {
  if (link.starved || link.lossRate > 0.08 || link.rttMs > 600) return 'poor';
  return link.lossRate > 0.02 || link.rttMs > 250 ? 'fair' : 'good';
}

/** One bad measurement is a hiccup; two in a row are a network. Getting better is believed at once. */
export function createQualityJudge() {
  let told: Quality = 'unknown';
  let worseBefore = false;
  return (measured: Quality): Quality => {
    const worse = ranks[measured] < ranks[told];
    if (!worse || worseBefore) told = measured;
    worseBefore = worse;
    return told;
  };
}

/** Packets so far on the way down, and the round trip in ms, from a transport's statistics. */
export function readReceiving(report: RTCStatsReport): {
  received: number;
  lost: number;
  rttMs: number | null;
} {
  let received = 0;
  let lost = 0;
  let rttMs: number | null = null;
  for (const row of report.values()) {
    if (row.type === 'candidate-pair') rttMs = roundTripOf(row) ?? rttMs;
    if (row.type === 'inbound-rtp') {
      received += row.packetsReceived ?? 0;
      lost += row.packetsLost ?? 0;
    }
  }
  return { received, lost, rttMs };
}

export const roundTripOf = (pair: RTCIceCandidatePairStats): number | null =>
  pair.nominated && pair.currentRoundTripTime !== undefined
    ? Math.round(pair.currentRoundTripTime * 1000)
    : null;
