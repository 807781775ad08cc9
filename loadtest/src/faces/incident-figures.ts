/** Findings that honest learners meet, per thousand hours; of nobody where the set has no two pictures of one person. */
import type { Verdict } from '@keshi/contract/proctor';
import type { Engine } from '@keshi/proctor/engine/engine';
import type { Figure } from '../figure.ts';
import { createRandom } from '../simulate/random.ts';
import type { FaceSet } from './face-set.ts';
import { playHonestHours, shares, spellMs, type HonestHours, type Weather } from './honest.ts';
import { sittingsOf } from './moments.ts';

const seed = 20_261_129;
const percent = (share: number) => `${share * 100} %`;
const mixed = `${percent(shares.dark)} dark, ${percent(shares.blurred)} blurred, ${percent(shares.turned)} turned`;
const seconds = (ms: number) => `${ms / 1_000} s`;
const lasting = `lasting ${seconds(spellMs.dark)}, ${seconds(spellMs.blurred)} and ${seconds(spellMs.turned)} on the average`;
/** What says that it is somebody else, not that nothing can be seen. */
const aboutThePerson: readonly Verdict[] = ['mismatch', 'many-faces', 'repeated', 'spoof-suspected'];

export async function incidentFigures(engine: Engine, set: FaceSet, hours: number): Promise<Figure[]> {
  const sittings = await sittingsOf(engine, set, createRandom(seed));
  const played = (weather: Weather) =>
    playHonestHours(sittings, { hours, weather, random: createRandom(seed) });
  const moments = played('moments');
  if (moments.hours === 0) return [];
  const spells = played('spells');
  return [
    ...figuresOf(moments, '', `${mixed}, each picture by itself`),
    ...figuresOf(spells, '_in_spells', `${mixed}, ${lasting}`),
  ];
}

function figuresOf(of: HonestHours, suffix: string, what: string): Figure[] {
  const perThousand = (count: number) => (count * 1_000) / of.hours;
  const personal = aboutThePerson.reduce((sum, verdict) => sum + (of.openedBy.get(verdict) ?? 0), 0);
  const opened = [...of.openedBy].map(([verdict, count]) => `${count} ${verdict}`).join(', ') || 'none';
  const over = `${of.hours} learner hours, ${of.checks} checks: ${what}`;
  const figure = (name: string, value: number, unit: string): Figure => ({
    figure: `${name}${suffix}`,
    value,
    unit,
    against: null,
    againstValue: null,
    ratio: null,
    rounds: 1,
  });
  return [
    figure(
      'incidents_per_1000_learner_hours',
      perThousand(of.incidents),
      `of honest faces in ${over}; opened by: ${opened}`,
    ),
    figure(
      'incidents_about_the_person_per_1000_learner_hours',
      perThousand(personal),
      `of these, not for want of light or focus`,
    ),
    figure(
      'looks_per_1000_learner_hours',
      perThousand(of.looks),
      `times that a person had to look, because a sign-in failed twice`,
    ),
  ];
}
