/** [C11] From what was measured to what is wrong, and where. */
import type { QualityFinding, QualityReport } from '@keshi/contract/lessons';
import type { MediaFile } from './inspect.ts';
import type { Measured, Span } from './measure.ts';

/** Starred numbers: their defaults. Lip sync by ITU-R BT.1359: what is noticed is beyond ±125 ms. */
const syncLimitMs = 125;
const quietest = -30;
const loudest = -9;
/** A peak from here on, standing flat, is a wave that was cut off. */
const clippedPeak = -0.1;
const clippedFlatness = 2;
/** Hum: the mains' band stands this far out of its neighbours, and can be heard at all. */
const humAbove = 15;
const humAudible = -55;
const humSeconds = 3;
const smallestHeight = 480;
/** A second louder than this is no silence. */
const silence = -60;
const mostFindings = 500;

export function qualityOf(media: MediaFile, measured: Measured): QualityReport {
  const { video, audio } = media;
  const { durationMs, loudness } = measured;
  const whole = { fromMs: 0, toMs: durationMs };
  const syncMs = video && audio ? audio.startMs - video.startMs : null;
  const findings: QualityFinding[] = [];
  const add = (kind: QualityFinding['kind'], ...spans: Span[]) =>
    findings.push(...spans.map((span) => ({ kind, ...span })));

  if (!audio || loudness === null) add('no-sound', whole);
  if (syncMs !== null && Math.abs(syncMs) > syncLimitMs) add('out-of-sync', whole);
  if (loudness && loudness.integrated < quietest) add('too-quiet', whole);
  if (loudness && loudness.integrated > loudest) add('too-loud', whole);
  if (video && Math.min(video.width, video.height) < smallestHeight) add('low-resolution', whole);
  add(
    'clipping',
    ...secondsWhere(measured.seconds, durationMs, 1, ({ peak, flatness }) => {
      return peak >= clippedPeak && flatness >= clippedFlatness;
    }),
  );
  add(
    'hum',
    ...secondsWhere(measured.hum, durationMs, humSeconds, ({ at50, below, above }) => {
      return at50 > humAudible && at50 > Math.max(below, above) + humAbove;
    }),
  );
  if (loudness) add('silence', ...measured.silent);
  add('black', ...measured.black);
  add('frozen', ...measured.frozen);
  findings.sort((a, b) => a.fromMs - b.fromMs);

  return {
    durationMs,
    width: video?.width ?? 0,
    height: video?.height ?? 0,
    framesPerSecond: video?.framesPerSecond ?? 0,
    syncMs,
    loudness: loudness?.integrated ?? null,
    loudnessRange: loudness?.range ?? null,
    truePeak: loudness?.truePeak ?? null,
    noiseFloor: noiseFloorOf(measured),
    findings: findings.filter(({ fromMs, toMs }) => toMs > fromMs).slice(0, mostFindings),
  };
}

/** Runs of at least `least` seconds that are so. */
function secondsWhere<T>(
  seconds: readonly T[],
  durationMs: number,
  least: number,
  is: (one: T) => boolean,
): Span[] {
  const spans: Span[] = [];
  let from: number | null = null;
  for (let at = 0; at <= seconds.length; at += 1) {
    const second = seconds[at];
    if (second !== undefined && is(second)) {
      from ??= at;
      continue;
    }
    if (from !== null && at - from >= least)
      spans.push({ fromMs: from * 1000, toMs: Math.min(at * 1000, Math.max(durationMs, from * 1000)) });
    from = null;
  }
  return spans;
}

function noiseFloorOf({ seconds }: Measured): number | null {
  const levels = seconds.map(({ level }) => level).filter((level) => level > silence);
  levels.sort((a, b) => a - b);
  const tenth = levels[Math.floor(levels.length / 10)];
  return tenth === undefined ? null : Math.round(tenth * 10) / 10;
}
