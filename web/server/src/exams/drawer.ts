/** Draws papers from the approved questions of a bank [EX4]. */
import type { Db } from '@keshi/db/client';
import type { Exam } from '@keshi/db/exams';
import { itemPool } from '@keshi/db/items';
import { type Drawn, drawPaper, type PoolItem } from '@keshi/rules/exams/drawing';
import type { Clock } from '@keshi/runtime/clock';

/** A whole cohort begins within a minute: for so long the bank is not read anew. */
const freshMs = 3_000;

export function createDrawer({ db, clock }: { db: Db; clock: Clock }) {
  const pools = new Map<string, { at: number; pool: Promise<PoolItem[]> }>();

  function poolOf({ courseId, plan }: Pick<Exam, 'courseId' | 'plan'>): Promise<PoolItem[]> {
    if (plan.by === 'fixed')
      return itemPool(db, { courseId, ids: plan.questions.map(({ itemId }) => itemId) });
    const known = pools.get(courseId);
    if (known && clock() - known.at < freshMs) return known.pool;
    const pool = itemPool(db, { courseId });
    pools.set(courseId, { at: clock(), pool });
    // What failed is asked for again, and what nobody asks for any more is let go.
    pool.catch(() => pools.delete(courseId));
    if (pools.size > 100) pools.clear();
    return pool;
  }

  return {
    async draw(exam: Pick<Exam, 'courseId' | 'plan' | 'shuffle'>, seed: string): Promise<Drawn> {
      return drawPaper(exam.plan, await poolOf(exam), { seed, shuffle: exam.shuffle });
    },
    /** The same from the bank as it is at this moment: for who plans. */
    async drawNow(exam: Pick<Exam, 'courseId' | 'plan' | 'shuffle'>, seed: string): Promise<Drawn> {
      pools.delete(exam.courseId);
      return this.draw(exam, seed);
    },
  };
}
export type Drawer = ReturnType<typeof createDrawer>;
