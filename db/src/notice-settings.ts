/** Where somebody wants to be written to, and about what (D2). */
import { noticeKind, type NoticeKind } from '@keshi/contract/notices';
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Db } from './client.ts';
import { fromDateOrNull, toDate } from './instants.ts';

export interface NoticeSettings {
  mail: { address: string; verified: boolean } | null;
  mailKinds: NoticeKind[];
  smsKinds: NoticeKind[];
  codeSentAt: number | null;
}

const kinds = z.array(noticeKind).catch([]);

export async function getNoticeSettings(db: Db, userId: string): Promise<NoticeSettings> {
  const row = await db.prisma.noticeSetting.findUnique({ where: { userId } });
  return {
    mail:
      row?.mailSealed == null
        ? null
        : {
            address: db.personal.open('NoticeSetting.mail', row.mailSealed),
            verified: row.mailVerifiedAt !== null,
          },
    mailKinds: kinds.parse(row?.mailKinds),
    smsKinds: kinds.parse(row?.smsKinds),
    codeSentAt: fromDateOrNull(row?.codeSentAt ?? null),
  };
}

export async function chooseNotices(
  db: Db,
  {
    userId,
    ...chosen
  }: { userId: string; mailKinds: readonly NoticeKind[]; smsKinds: readonly NoticeKind[] },
): Promise<void> {
  const data = { mailKinds: [...chosen.mailKinds], smsKinds: [...chosen.smsKinds] };
  await db.prisma.noticeSetting.upsert({ where: { userId }, create: { userId, ...data }, update: data });
}

/** False while the code before was sent less than `pauseMs` ago. The address counts once its code came back. */
export async function keepMailAddress(
  db: Db,
  input: { userId: string; address: string; codeHash: string; now: number; pauseMs: number },
): Promise<boolean> {
  const rows = await db.sql(
    `INSERT INTO "NoticeSetting" ("userId", "mailSealed", "codeHash", "codeSentAt") VALUES ($1, $2, $3, $4)
     ON CONFLICT ("userId") DO UPDATE SET "mailSealed" = EXCLUDED."mailSealed", "mailVerifiedAt" = NULL,
       "codeHash" = EXCLUDED."codeHash", "codeSentAt" = EXCLUDED."codeSentAt", "codeAttempts" = 0
     WHERE "NoticeSetting"."codeSentAt" IS NULL OR "NoticeSetting"."codeSentAt" <= $5 RETURNING "userId"`,
    [
      input.userId,
      db.personal.seal('NoticeSetting.mail', input.address),
      input.codeHash,
      toDate(input.now),
      toDate(input.now - input.pauseMs),
    ],
  );
  return rows.length > 0;
}

/** Whether that is the code in force: the right one is used up, a wrong one counts. */
export async function verifyMailAddress(
  db: Db,
  input: { userId: string; codeHash: string; attempts: number; sentAfter: number; now: number },
): Promise<boolean> {
  return db.transaction(async (sql) => {
    const [row] = await sql<{ codeHash: string }>(
      `SELECT "codeHash" FROM "NoticeSetting" WHERE "userId" = $1 AND "codeHash" IS NOT NULL AND "codeSentAt" > $2
         AND "codeAttempts" < $3 FOR UPDATE`,
      [input.userId, toDate(input.sentAfter), input.attempts],
    );
    if (!row) return false;
    const [left, right] = [Buffer.from(row.codeHash), Buffer.from(input.codeHash)];
    const same = left.length === right.length && timingSafeEqual(left, right);
    await sql(
      same
        ? 'UPDATE "NoticeSetting" SET "mailVerifiedAt" = $2, "codeHash" = NULL WHERE "userId" = $1'
        : 'UPDATE "NoticeSetting" SET "codeAttempts" = "codeAttempts" + 1 WHERE "userId" = $1 AND $2::timestamptz IS NOT NULL',
      [input.userId, toDate(input.now)],
    );
    return same;
  });
}

export async function removeMailAddress(db: Db, userId: string): Promise<void> {
  // When the last code was sent stays: taking the address back must not let codes be sent faster.
  await db.prisma.noticeSetting.updateMany({
    where: { userId },
    data: { mailSealed: null, mailVerifiedAt: null, codeHash: null },
  });
}
