import { createHmac, randomInt } from 'node:crypto';
import type { Locale } from '@keshi/contract/domain';
import type { Db } from '@keshi/db/client';
import { newId } from '@keshi/db/ids';
import { type CodePurpose, keepCode, useCode } from '@keshi/db/phone-codes';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { SmsSender } from './sms.ts';

const minute = 60_000;
const hour = 60 * minute;
const lifeMs = 5 * minute;
const attempts = 5;
/** A whole class can stand behind one address; a phone belongs to one person. */
const limits = { pauseMs: minute, withinMs: 24 * hour, perPhone: 10, perAddress: 300 };

/** [B1] Codes for phones: sent, and asked for once. */
export function createPhoneCodes(deps: { db: Db; clock: Clock; secret: string; sms: SmsSender }) {
  const { db, clock, secret, sms } = deps;
  const hashOf = (id: string, code: string) =>
    createHmac('sha256', secret).update(`phone-code/${id}/${code}`).digest('base64url');

  return {
    /** Throws `rate-limited` with when the next may be asked for, `unavailable` when none can be sent. */
    async send(input: { purpose: CodePurpose; phone: string; address: string; locale: Locale }) {
      const { purpose, phone, address, locale } = input;
      const [id, now] = [newId(), clock()];
      const code = String(randomInt(1_000_000)).padStart(6, '0');
      const expiresAt = now + lifeMs;
      const refused = await keepCode(db, {
        id,
        purpose,
        phone,
        address,
        codeHash: hashOf(id, code),
        now,
        expiresAt,
        limits,
      });
      if (refused) throw new AppError('rate-limited', { retryMs: refused.tooManyUntil - now });
      await sms({ phone, template: 'code', code, minutes: lifeMs / minute, locale });
      return { againAt: now + limits.pauseMs, expiresAt };
    },

    /** Throws `wrong-code`, also for one that has been used or is over. */
    async demand(input: {
      purpose: CodePurpose;
      phone: string;
      code: string;
      keep?: boolean;
    }): Promise<void> {
      const { purpose, phone, code, keep = false } = input;
      const right = await useCode(db, {
        purpose,
        phone,
        hashOf: (id) => hashOf(id, code),
        attempts,
        keep,
        now: clock(),
      });
      if (!right) throw new AppError('wrong-code');
    },
  };
}
