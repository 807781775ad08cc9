/**
 * How often the engine is wrong: two people taken for one (false acceptance), one for two (false rejection), a face
 * not found. At the product's own thresholds and with its own rules: a reference is a mirrored descriptor; what is
 * compared with it is a plain one in an ordinary check, a mirrored one where somebody signs in, is checked again or sits
 * an exam; the nearest reference counts; what is too dark, blurred or small is not compared but counted as refused.
 */
import type { FrameAnalysis } from '@keshi/contract/proctor';
import type { Engine } from '@keshi/proctor/engine/engine';
import { descriptorDistance, frameVerdict } from '@keshi/rules/identity';
import { defaultIdentityPolicy as policy } from '@keshi/rules/identity-policy';
import { alone, type Figure } from '../figure.ts';
import type { FaceSet } from './face-set.ts';

interface Described {
  file: string;
  person: string;
  plain: string;
  mirrored: string;
}

interface Trial {
  same: boolean;
  distance: number;
}

const referencesEach = 3;

export async function accuracyOf(engine: Engine, set: FaceSet): Promise<Figure[]> {
  const described = new Map<string, Described>();
  let single = 0;
  let missed = 0;
  let refused = 0;
  for (const { file, person, faces } of set.images) {
    if (faces !== 1) continue;
    single += 1;
    const jpeg = await set.read(file);
    const { analysis } = await engine.analyse(jpeg, { mirrored: false });
    const plain = descriptorIn(analysis);
    // Asked as the product asks: compared with itself, everything that can be compared matches.
    const verdict = frameVerdict(analysis, plain ? [{ id: file, descriptor: plain }] : [], policy).verdict;
    if (verdict === 'too-dark' || verdict === 'blurred' || verdict === 'camera-off') refused += 1;
    else if (verdict !== 'match' || !plain) missed += 1;
    else {
      const mirrored = descriptorIn((await engine.analyse(jpeg, { mirrored: true })).analysis);
      if (mirrored) described.set(file, { file, person, plain, mirrored });
    }
  }
  const pairs = set.pairs.flatMap(({ a, b, same }): Trial[] => {
    const [reference, probe] = [described.get(a), described.get(b)];
    return reference && probe
      ? [{ same, distance: descriptorDistance(reference.mirrored, probe.plain) }]
      : [];
  });
  const three = (of: 'plain' | 'mirrored') => withThreeReferences([...described.values()], of);
  const counted = (figure: string, value: number): Figure =>
    alone(figure, value, `of ${single} pictures with one face`);
  return [
    counted('missed', missed),
    counted('refused', refused),
    ...errorsOf(pairs, '', 'single reference, ordinary check'),
    ...errorsOf(three('plain'), '_three_check', 'three references, ordinary check'),
    ...errorsOf(three('mirrored'), '_three', 'three references, sign-in or recheck'),
  ];
}

const descriptorIn = (analysis: FrameAnalysis): string | null =>
  analysis.problem === null ? (analysis.detail?.descriptor ?? null) : null;

/** Each picture of somebody with at least four against three others of the same person, and against everybody else's. */
function withThreeReferences(all: readonly Described[], of: 'plain' | 'mirrored'): Trial[] {
  const trials: Trial[] = [];
  for (const [person, pictures] of Map.groupBy(all, (each) => each.person)) {
    if (pictures.length <= referencesEach) continue;
    for (const [index, probe] of pictures.entries()) {
      const references = [...pictures.slice(index + 1), ...pictures.slice(0, index)].slice(0, referencesEach);
      const nearest = (shown: Described) =>
        Math.min(...references.map(({ mirrored }) => descriptorDistance(mirrored, shown[of])));
      trials.push({ same: true, distance: nearest(probe) });
      for (const other of all)
        if (other.person !== person) trials.push({ same: false, distance: nearest(other) });
    }
  }
  return trials;
}

/** Nothing at all where the set has not both kinds of trials. */
function errorsOf(trials: readonly Trial[], suffix: string, what: string): Figure[] {
  const genuine = trials.filter(({ same }) => same).map(({ distance }) => distance);
  const strangers = trials.filter(({ same }) => !same).map(({ distance }) => distance);
  if (genuine.length === 0 || strangers.length === 0) return [];
  const rejected = (threshold: number) => share(genuine, (distance) => distance > threshold);
  const accepted = (threshold: number) => share(strangers, (distance) => distance <= threshold);
  const crossings = [...genuine, ...strangers].map((threshold) => ({
    gap: Math.abs(rejected(threshold) - accepted(threshold)),
    rate: (rejected(threshold) + accepted(threshold)) / 2,
  }));
  const eer = crossings.reduce((best, each) => (each.gap < best.gap ? each : best)).rate;
  const unit = (of: readonly number[], kind: string) => `share of ${of.length} ${kind}, ${what}`;
  return [
    alone(`eer${suffix}`, eer, `share of ${trials.length} trials, ${what}`),
    alone(`frr${suffix}`, rejected(policy.matchDistance), unit(genuine, 'genuine')),
    alone(`far${suffix}`, accepted(policy.matchDistance), unit(strangers, 'strangers')),
    // A stranger's distance: what would make an incident of an honest learner if it happened twice.
    alone(`mismatched${suffix}`, rejected(policy.mismatchDistance), unit(genuine, 'genuine')),
  ];
}

const share = (values: readonly number[], is: (value: number) => boolean) =>
  values.filter(is).length / values.length;
