/** A clip in which a real person sits before the camera: no two of its frames are the same, as with a camera. */
import { portraitPixels } from '../../proctor/src/testing/samples.ts';
import { writeClip } from './camera-clip.ts';

const size = { width: 640, height: 480 };
const frames = 60;

export async function writePersonClip(
  file: string,
  who: Parameters<typeof portraitPixels>[0],
): Promise<void> {
  const still = await portraitPixels(who, size);
  const stills = Array.from({ length: frames }, (_, n) => ({ pixels: withGrain(still, n + 1), frames: 1 }));
  await writeClip(file, { ...size, stills });
}

/** The noise of a sensor, drawn from a small generator so that every run sees the same clip. */
function withGrain(still: Buffer, seed: number): Buffer {
  const pixels = Buffer.from(still);
  let state = seed * 2_654_435_761;
  for (let at = 0; at < pixels.length; at += 3) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const noise = (state >>> 28) - 8;
    for (let channel = 0; channel < 3; channel += 1)
      pixels[at + channel] = Math.min(255, Math.max(0, (pixels[at + channel] ?? 0) + noise));
  }
  return pixels;
}
