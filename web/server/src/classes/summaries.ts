import type { ClassSummary } from '@keshi/contract/http/classes';
import type { ClassRow } from '@keshi/db/classes';
import type { Actor } from '@keshi/rules/access';
import { AppError } from '@keshi/runtime/errors';
import { roleIn } from './class-access.ts';

/** What stands beside a class in a list and is computed from facts. */
export interface ClassFigures {
  online: number;
  mine: ClassSummary['mine'];
}

export interface Summaries {
  /** In the order given; a few queries however many classes. */
  of(actor: Actor, rows: readonly ClassRow[]): Promise<ClassSummary[]>;
  ofOne(actor: Actor, row: ClassRow): Promise<ClassSummary>;
}

interface Deps {
  figures(actor: Actor, rows: readonly ClassRow[]): Promise<Map<string, ClassFigures>>;
}

export function createSummaries({ figures }: Deps): Summaries {
  async function of(actor: Actor, rows: readonly ClassRow[]): Promise<ClassSummary[]> {
    const known = await figures(actor, rows);
    return rows.map(({ policy: _policy, orgPaths: _orgPaths, enrolled: _enrolled, ...row }, index) => {
      const whole = rows[index];
      return {
        ...row,
        yourRole: whole ? roleIn(actor, whole) : null,
        online: known.get(row.id)?.online ?? 0,
        mine: known.get(row.id)?.mine ?? null,
      };
    });
  }
  return {
    of,
    async ofOne(actor, row) {
      const [only] = await of(actor, [row]);
      if (!only) throw new AppError('not-found');
      return only;
    },
  };
}
