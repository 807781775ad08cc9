/**
 * When a packet's content happened, on the recorder's clock: the arrival of the stream's fastest packets plus what
 * its RTP timestamps say has passed since. So the network's jitter does not reach the recording, and a sender whose
 * clock runs differently, stops or begins anew is followed.
 */
export interface StreamClock {
  /** Ms of the recorder's clock, fractional. Packets in their order; not strictly rising when the stream is set anew. */
  at(timestamp: number, arrivedMs: number): number;
}

export interface StreamClockOptions {
  /** RTP ticks per second. */
  clockRate: number;
  /** How far the stream may be off before it is set anew, ms. */
  toleranceMs: number;
}

/** Packets later than this are no jitter: the stream was silent, or jumped. */
const jumpMs = 1000;
/** So long every packet must have been late before the stream is taken to be slower, and not only delayed. */
const windowMs = 2000;

export function createStreamClock({ clockRate, toleranceMs }: StreamClockOptions): StreamClock {
  let last: { timestamp: number; ticks: number } | null = null;
  let anchor = { ticks: 0, ms: 0 };
  let least = Infinity;
  let windowFrom = 0;

  const setAnew = (ticks: number, ms: number): number => {
    anchor = { ticks, ms };
    least = Infinity;
    windowFrom = ms;
    return ms;
  };

  return {
    at(timestamp, arrivedMs) {
      const isFirst = last === null;
      const ticks = last === null ? 0 : last.ticks + ((timestamp - last.timestamp) | 0);
      last = { timestamp, ticks };
      if (isFirst) return setAnew(ticks, arrivedMs);
      const expected = anchor.ms + ((ticks - anchor.ticks) * 1000) / clockRate;
      const late = arrivedMs - expected;
      if (late > jumpMs || late < -toleranceMs) return setAnew(ticks, arrivedMs);
      least = Math.min(least, late);
      if (arrivedMs - windowFrom < windowMs) return expected;
      const shift = least > toleranceMs ? least : 0;
      anchor = { ticks, ms: expected + shift };
      least = Infinity;
      windowFrom = arrivedMs;
      return anchor.ms;
    },
  };
}
