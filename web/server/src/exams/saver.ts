/** [EX1, EX2] Stores answers as they come, many in one commit, and answers once they are stored. */
import type { AttemptSave } from '@keshi/contract/http/exams';
import type { ItemKind } from '@keshi/contract/items';
import type { Db } from '@keshi/db/client';
import { getAttempt } from '@keshi/db/exam-attempts';
import { type Save, type SaveResult, storeSaves } from '@keshi/db/exam-saves';
import { lostAfterMs, standingOfAnswer } from '@keshi/rules/exams/attempts';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { createGroupCommit } from '@keshi/runtime/group-commit';
import type { Actor } from '../http/call.ts';

/** What of an attempt never changes. */
interface Known {
  userId: string;
  examId: string;
  kinds: readonly ItemKind[];
}

const mostKnown = 20_000;

export function createSaver({ db, clock }: { db: Db; clock: Clock }) {
  const known = new Map<string, Known>();
  const commits = createGroupCommit<Save, SaveResult | null>({
    write: (saves) => storeSaves(db, saves, standingOfAnswer, { lostAfterMs }),
    most: 500,
    waitMs: 20,
    // While one waits for the disk, the next is put together.
    lanes: 2,
  });

  async function lookUp(id: string): Promise<Known> {
    const before = known.get(id);
    if (before) return before;
    const attempt = await getAttempt(db, id);
    if (!attempt) throw new AppError('not-found');
    const of = {
      userId: attempt.userId,
      examId: attempt.examId,
      kinds: attempt.paper.map(({ kind }) => kind),
    };
    if (known.size >= mostKnown) known.clear();
    known.set(id, of);
    return of;
  }

  return {
    /** Throws `not-found` for another's attempt, `invalid-input` for what answers no question of the paper, `taken-over`. */
    async save(
      { userId, sid }: Pick<Actor, 'userId' | 'sid'>,
      id: string,
      { lease, sequence, visible, answers }: AttemptSave,
    ): Promise<SaveResult & { examId: string; at: number }> {
      const at = clock();
      const of = await lookUp(id);
      if (of.userId !== userId) throw new AppError('not-found');
      const wrong = answers.findIndex(
        ({ position, answer }) =>
          position >= of.kinds.length || (answer && answer.kind !== of.kinds[position]),
      );
      if (wrong >= 0) throw new AppError('invalid-input', { fields: [`body.answers.${wrong}`] });
      const result = await commits.add({ attemptId: id, sid, lease, sequence, visible, answers, at });
      if (!result) throw new AppError('not-found');
      if (result.standing === 'taken-over') throw new AppError('taken-over');
      return { ...result, examId: of.examId, at };
    },

    close: () => commits.close(),
  };
}
export type Saver = ReturnType<typeof createSaver>;
