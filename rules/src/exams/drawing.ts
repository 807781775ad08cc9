/** How a learner's paper comes about [EX4]. */
import type { DrawLine, DrawnPaper, DrawnQuestion, PaperPlan } from '@keshi/contract/exams';
import type { ItemKind } from '@keshi/contract/items';
import { seeded, shuffled } from './seeded.ts';

/** What drawing needs to know of a question that may be asked. */
export interface PoolItem {
  readonly id: string;
  readonly revision: number;
  readonly kind: ItemKind;
  readonly contentPoint: string;
  readonly difficulty: number;
  /** How many options, entries, or things on the right it shows. */
  readonly parts: number;
}

export type Drawn =
  | { readonly kind: 'drawn'; readonly paper: DrawnPaper }
  /** The bank does not have what the plan asks for: for each line that is not filled, how many are missing. */
  | { readonly kind: 'short'; readonly missing: readonly { line: number; count: number }[] };

/**
 * The same plan, pool and seed give the same paper, whatever the order of the pool. No question comes twice. Lines that
 * many questions fit leave those alone that a narrower line needs: a paper is only short when there is none at all.
 */
export function drawPaper(
  plan: PaperPlan,
  pool: readonly PoolItem[],
  { seed, shuffle }: { seed: string; shuffle: boolean },
): Drawn {
  const random = seeded(seed);
  const known = [...pool].sort((x, y) => (x.id < y.id ? -1 : 1));
  const chosen = plan.by === 'fixed' ? named(plan.questions, known) : byRule(plan.lines, known, random);
  if (chosen.missing.length > 0) return { kind: 'short', missing: chosen.missing };
  const order = shuffle ? shuffled(chosen.picks, random) : chosen.picks;
  return {
    kind: 'drawn',
    paper: order.map(({ item, points }): DrawnQuestion => {
      const places = Array.from({ length: item.parts }, (_, place) => place);
      const { id: itemId, revision, kind } = item;
      return {
        itemId,
        revision,
        kind,
        points,
        shown: mixes(kind, shuffle) ? shuffled(places, random) : places,
      };
    }),
  };
}

/** Entries and what stands on the right are always mixed: in the order of their characters they would say too much. */
const mixes = (kind: ItemKind, shuffle: boolean) => shuffle || kind === 'ordering' || kind === 'matching';

interface Pick {
  item: PoolItem;
  points: number;
}
interface Choice {
  picks: Pick[];
  missing: { line: number; count: number }[];
}

function named(questions: readonly { itemId: string; points: number }[], pool: readonly PoolItem[]): Choice {
  const byId = new Map(pool.map((item) => [item.id, item]));
  const missing: Choice['missing'] = [];
  const picks: Pick[] = [];
  const taken = new Set<string>();
  questions.forEach(({ itemId, points }, line) => {
    const item = byId.get(itemId);
    if (!item || taken.has(itemId)) missing.push({ line, count: 1 });
    else picks.push({ item, points });
    taken.add(itemId);
  });
  return { picks, missing };
}

export function fits(line: DrawLine, item: PoolItem): boolean {
  return (
    (line.kind === null || line.kind === item.kind) &&
    (line.contentPoint === null || line.contentPoint === item.contentPoint) &&
    (line.difficulty === null || line.difficulty === item.difficulty)
  );
}

/**
 * Each place of each line takes a random question that fits; where all that fit are taken, one of them moves on to
 * another question of its own line, as far as that goes (augmenting paths): so nothing is missing that could be had.
 */
function byRule(lines: readonly DrawLine[], pool: readonly PoolItem[], random: () => number): Choice {
  const candidates = lines.map((line) =>
    shuffled(
      pool.filter((item) => fits(line, item)),
      random,
    ),
  );
  const holder = new Map<PoolItem, number>();

  function seat(line: number, tried: Set<PoolItem>): boolean {
    for (const item of candidates[line] ?? []) {
      if (tried.has(item)) continue;
      tried.add(item);
      const now = holder.get(item);
      if (now === line) continue;
      if (now === undefined || seat(now, tried)) {
        holder.set(item, line);
        return true;
      }
    }
    return false;
  }

  const missing: Choice['missing'] = [];
  lines.forEach(({ count }, line) => {
    let short = 0;
    for (let place = 0; place < count; place++) if (!seat(line, new Set())) short += 1;
    if (short > 0) missing.push({ line, count: short });
  });
  const picks = lines.flatMap(({ points }, line) =>
    (candidates[line] ?? []).filter((item) => holder.get(item) === line).map((item) => ({ item, points })),
  );
  return { picks, missing };
}

/** What all questions of a paper are worth, in hundredths of a mark. */
export const worthOf = (paper: DrawnPaper): number => paper.reduce((sum, { points }) => sum + points, 0);
