/** All voices of the stage as one: the sum of what each source has for a step, without ever clipping. */
import type { AudioSource } from './audio-source.ts';
import { channels, sampleRate } from './matroska.ts';

/** Length of one step of the recording, ms. */
export const stepMs = 20;
const samplesPerStep = (sampleRate * stepMs) / 1000;

export interface Mixer {
  /** 16 bit PCM of the step that begins at `fromMs` (ms of the recorder's clock, a multiple of the step). */
  mix(sources: Iterable<AudioSource>, fromMs: number): Buffer;
}

const ceiling = 0.97;
/** How fast a mix that was turned down comes back, per step. */
const release = 1.03;

export function createMixer(): Mixer {
  const sum = new Float32Array(samplesPerStep * channels);
  let gain = 1;
  return {
    mix(sources, fromMs) {
      sum.fill(0);
      for (const source of sources) source.mixInto(sum, (fromMs * sampleRate) / 1000);
      let peak = 0;
      for (const value of sum) peak = Math.max(peak, Math.abs(value));
      const before = gain;
      gain = Math.min(1, before * release, peak > 0 ? ceiling / peak : 1);
      const pcm = Buffer.allocUnsafe(sum.length * 2);
      for (let at = 0; at < sum.length; at++) {
        // Turned up slowly across the step, turned down at once: only the latter may not come too late.
        const ramp = gain >= before ? before + ((gain - before) * at) / sum.length : gain;
        const value = Math.round((sum[at] ?? 0) * ramp * 32_767);
        pcm.writeInt16LE(Math.max(-32_768, Math.min(32_767, value)), at * 2);
      }
      return pcm;
    },
  };
}
