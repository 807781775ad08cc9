import { appendAudit } from '@keshi/db/audit';
import type { Db } from '@keshi/db/client';
import {
  deleteChallengesExpiredBefore,
  deletePicturesTakenBefore,
  eraseFaceOf,
  finishedTrainings,
  forgetTracesBefore,
} from '@keshi/db/face-retention';
import { deleteCodesCreatedBefore } from '@keshi/db/phone-codes';
import { homePathOf } from '@keshi/db/users';
import type { Clock } from '@keshi/runtime/clock';
import type { Erasure } from './erasure.ts';

const day = 24 * 3_600_000;
/** [PR6] Starred numbers: their defaults. */
const pictureDays = 30;
const templateDaysAfterTraining = 30;
const challengeMs = 3_600_000;
const codeMs = 2 * day;

/** [PR6] Lets go what has had its time. May be done twice, or by two at once: each thing goes once. */
export function createRetention({ db, clock, erasure }: { db: Db; clock: Clock; erasure: Erasure }) {
  return async function retain(): Promise<{ pictures: number; faces: number; keys: number }> {
    const now = clock();
    const pictures = await deletePicturesTakenBefore(db, now - pictureDays * day);
    await forgetTracesBefore(db, now - pictureDays * day);
    await deleteChallengesExpiredBefore(db, now - challengeMs);
    await deleteCodesCreatedBefore(db, now - codeMs);
    const finished = await finishedTrainings(db, { endedBefore: now - templateDaysAfterTraining * day });
    for (const userId of finished) {
      const keyId = await eraseFaceOf(db, { userId, now });
      if (keyId === null) continue;
      await appendAudit(db, {
        actorId: null,
        orgPath: (await homePathOf(db, userId)) ?? '',
        action: 'face.training-over',
        targetType: 'user',
        targetId: userId,
      });
    }
    const keys = await erasure.destroyPending();
    if (pictures > 0)
      await appendAudit(db, {
        actorId: null,
        orgPath: '',
        action: 'face.pictures-expired',
        detail: { pictures },
      });
    return { pictures, faces: finished.length, keys };
  };
}
