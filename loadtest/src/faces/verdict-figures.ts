/** How long a verdict takes, and what becomes of checks where five times as many are due as can be judged [PR7]. */
import type { Engine } from '@keshi/proctor/engine/engine';
import { alone, type Figure, quantile } from '../figure.ts';
import { openVerdictPath, type Outcome } from './verdict-path.ts';

const overload = 5;
/** What a node is planned for; at the capacity itself a queue of random arrivals never gets short. */
const planned = 0.7;

export async function verdictFigures(
  engine: Engine,
  frames: readonly Buffer[],
  { seconds, learners }: { seconds: number; learners: number },
): Promise<Figure[]> {
  const [frame] = frames;
  if (!frame) throw new Error('no frame');
  const { analysis } = await engine.analyse(frame, { mirrored: true });
  const descriptor = analysis.problem === null ? (analysis.detail?.descriptor ?? null) : null;
  if (descriptor === null) throw new Error('no face was described');
  const path = await openVerdictPath({ learners, frames, descriptors: [descriptor] });
  try {
    // The first ones fill caches and make the plans of the networks.
    await path.capacity(Math.min(3, seconds));
    const capacity = await path.capacity(seconds);
    const calm = await path.at(planned * capacity, seconds, true);
    const once = await path.at(capacity, seconds, true);
    const often = await path.at(overload * capacity, seconds, true);
    return [
      alone(
        'verdict_capacity_per_s',
        capacity,
        'verdicts per second of one proctor thread, asked for over HTTP',
      ),
      ...timesOf(calm, '_as_planned', `at ${planned * 100} % of the capacity`),
      ...timesOf(once, '', 'at the capacity'),
      ...timesOf(often, '_at_5x', 'at five times the capacity'),
      ...outcomesOf(once, '', 'at the capacity'),
      ...outcomesOf(often, '_at_5x', 'at five times the capacity'),
    ];
  } finally {
    await path.close();
  }
}

/** Of those that were judged, whoever waited for them; those of exams by themselves, because they and sign-ins go first. */
function timesOf(outcomes: readonly Outcome[], suffix: string, when: string): Figure[] {
  const judged = outcomes.filter(({ as }) => as === 'judged');
  const of = (figure: string, some: readonly Outcome[], share: number, what: string) =>
    some.length === 0
      ? []
      : [
          alone(
            `${figure}${suffix}`,
            quantile(
              some.map(({ ms }) => ms),
              share,
            ),
            `ms, ${what} ${when}`,
          ),
        ];
  const exams = judged.filter(({ purpose }) => purpose === 'exam');
  return [
    ...of('verdict_p50_ms', judged, 0.5, `${judged.length} verdicts`),
    ...of('verdict_p95_ms', judged, 0.95, `${judged.length} verdicts`),
    ...of('verdict_first_p95_ms', exams, 0.95, `${exams.length} verdicts of exams, which go first,`),
  ];
}

/** Every question ends in exactly one of these; `lost` is what has no answer at all. */
function outcomesOf(outcomes: readonly Outcome[], suffix: string, when: string): Figure[] {
  const count = (is: (outcome: Outcome) => boolean) => outcomes.filter(is).length;
  const of = `of ${outcomes.length} checks ${when}`;
  const kinds: [string, (outcome: Outcome) => boolean, string][] = [
    ['checks_judged', ({ as }) => as === 'judged', of],
    ['checks_error', ({ as }) => as === 'error', `${of}, answered as our own failure, held against nobody`],
    [
      'checks_refused',
      ({ as }) => as !== 'judged' && as !== 'error' && as !== 'no answer',
      `${of}, refused with a code`,
    ],
    ['checks_lost', ({ as }) => as === 'no answer', `${of}, without any answer`],
    ['checks_put_off', ({ putOff }) => putOff, `${of}, whose next one comes later than it would`],
    [
      'checks_first_not_judged',
      ({ as, purpose }) => purpose === 'exam' && as !== 'judged',
      `of ${count(({ purpose }) => purpose === 'exam')} checks of exams, which go first, ${when}`,
    ],
  ];
  return kinds.map(([figure, is, unit]) => alone(`${figure}${suffix}`, count(is), unit));
}
