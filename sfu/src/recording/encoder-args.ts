/** How ffmpeg is called for a take. */
import type { PictureFormat, Rotation } from './video-frame.ts';

/** Fragments begin at key frames and last at least this, µs. */
const minFragmentUs = 1_500_000;
/** Where no key frame comes, a fragment ends all the same. */
const maxFragmentUs = 4_000_000;

/** The larger edge of what is coded anew, pixels, and its most bits per second. */
const maxEdge = 1920;
const maxRate = '2500k';

const turns: Record<Rotation, string[]> = {
  0: [],
  90: ['transpose=clock'],
  180: ['hflip', 'vflip'],
  270: ['transpose=cclock'],
};

/** From Matroska on standard input to fragmented MP4 on standard output. */
export function encoderArgs(format: PictureFormat): string[] {
  return [
    // Everything about the tracks stands in the header: nothing is to be guessed from what follows.
    ...['-analyzeduration', '0', '-probesize', '32'],
    ...['-threads', '1', '-f', 'matroska', '-i', 'pipe:0', '-map', '0:v:0', '-map', '0:a:0'],
    ...(format.codec === 'h264' ? copied(format) : codedAnew(format)),
    ...['-c:a', 'aac', '-b:a', '96k', '-video_track_timescale', '90000'],
    ...['-movflags', '+frag_keyframe+empty_moov+delay_moov+default_base_moof', '-flush_packets', '1'],
    ...['-min_frag_duration', `${minFragmentUs}`, '-frag_duration', `${maxFragmentUs}`],
    ...['-f', 'mp4', 'pipe:1'],
  ];
}

/** Only a turned picture needs a word more, counted against the clock by ffmpeg 5: players turn it. */
function copied({ rotation }: PictureFormat): string[] {
  return ['-c:v', 'copy', ...(rotation ? ['-metadata:s:v:0', `rotate=${360 - rotation}`] : [])];
}

function codedAnew({ width, height, rotation }: PictureFormat): string[] {
  const scale = Math.min(1, maxEdge / Math.max(width, height));
  const even = (length: number) => Math.max(2, 2 * Math.round((length * scale) / 2));
  const filters = [`scale=${even(width)}:${even(height)}`, ...turns[rotation], 'format=yuv420p'];
  return [
    ...['-vf', filters.join(','), '-fps_mode', 'passthrough', '-c:v', 'libx264', '-threads', '2'],
    ...['-preset', 'veryfast', '-tune', 'zerolatency', '-profile:v', 'high', '-bf', '0'],
    ...['-crf', '24', '-maxrate', maxRate, '-bufsize', '5000k'],
    ...['-g', '100000', '-force_key_frames', 'expr:gte(t,n_forced*2)'],
  ];
}
