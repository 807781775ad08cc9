/** Notices: told within the transaction of what they tell of, read, and sent on from an outbox (D2). */
import {
  type NoticeChannel,
  noticeChannel,
  type NoticeContent,
  noticeContent,
} from '@keshi/contract/notices';
import { type Locale, locale } from '@keshi/contract/domain';
import type { Db, Row, Sql } from './client.ts';
import { newId } from './ids.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { type PageRequest, pageOf } from './page.ts';

export interface NewNotice {
  userId: string;
  at: number;
  /** Of what it tells: told again under the same key it is not told twice. */
  key: string;
  content: NoticeContent;
}

/**
 * Tells somebody something, in a transaction of the caller's: whoever rolls back has told nothing. By mail and short
 * message it goes where the person chose that and the address is known to be theirs.
 */
export async function notify(sql: Sql, ...notices: readonly NewNotice[]): Promise<void> {
  if (notices.length === 0) return;
  await sql(
    `WITH told AS (
       INSERT INTO "Notice" ("id", "userId", "at", "key", "content")
       SELECT r."id", r."userId", r."at", r."key", r."content" FROM jsonb_to_recordset($1)
         AS r("id" uuid, "userId" uuid, "at" timestamptz, "key" text, "content" jsonb)
       ON CONFLICT ("userId", "key") DO NOTHING RETURNING "id", "userId", "at", "content"
     )
     INSERT INTO "NoticeDelivery" ("noticeId", "channel", "nextAt")
     SELECT t."id", 'mail', t."at" FROM told t JOIN "NoticeSetting" s ON s."userId" = t."userId"
       WHERE s."mailVerifiedAt" IS NOT NULL AND s."mailKinds" @> to_jsonb(t."content"->>'kind')
     UNION ALL
     SELECT t."id", 'sms', t."at" FROM told t JOIN "NoticeSetting" s ON s."userId" = t."userId"
         JOIN "User" u ON u."id" = t."userId"
       WHERE u."phoneVerifiedAt" IS NOT NULL AND s."smsKinds" @> to_jsonb(t."content"->>'kind')`,
    [
      JSON.stringify(
        notices.map((notice) => ({
          ...notice,
          id: newId(notice.at),
          at: toDate(notice.at).toISOString(),
        })),
      ),
    ],
  );
}

/** As notices name it. */
export async function courseTitleOf(sql: Sql, courseId: string): Promise<string> {
  const [row] = await sql<{ title: string }>('SELECT "title" FROM "Course" WHERE "id" = $1', [courseId]);
  return row?.title ?? '';
}

export interface Notice {
  id: string;
  at: number;
  readAt: number | null;
  content: NoticeContent;
}

/** Latest first. What a newer version told and this one cannot read is left out. */
export async function pageNotices(
  db: Db,
  { userId, ...page }: { userId: string } & PageRequest,
): Promise<{ total: number; unread: number; rows: Notice[] }> {
  const { skip, take } = pageOf(page);
  const [counted, rows] = await Promise.all([
    db.sql<{ total: string; unread: string }>(
      `SELECT count(*) AS "total", count(*) FILTER (WHERE "readAt" IS NULL) AS "unread" FROM "Notice" WHERE "userId" = $1`,
      [userId],
    ),
    db.sql<{ id: string; at: Date; readAt: Date | null; content: unknown }>(
      `SELECT "id", "at", "readAt", "content" FROM "Notice" WHERE "userId" = $1
       ORDER BY "at" DESC, "id" DESC OFFSET $2 LIMIT $3`,
      [userId, skip, take],
    ),
  ]);
  return {
    total: Number(counted[0]?.total ?? 0),
    unread: Number(counted[0]?.unread ?? 0),
    rows: rows.flatMap(({ id, at, readAt, content }) => {
      const known = noticeContent.safeParse(content);
      return known.success
        ? [{ id, at: fromDate(at), readAt: fromDateOrNull(readAt), content: known.data }]
        : [];
    }),
  };
}

export async function countUnread(db: Db, userId: string): Promise<number> {
  const [row] = await db.sql<{ n: number }>(
    'SELECT count(*)::int AS n FROM "Notice" WHERE "userId" = $1 AND "readAt" IS NULL',
    [userId],
  );
  return row?.n ?? 0;
}

/** These of the person's own, or all of them. */
export async function markRead(
  db: Db,
  { userId, ids, now }: { userId: string; ids: readonly string[] | null; now: number },
): Promise<void> {
  await db.sql(
    `UPDATE "Notice" SET "readAt" = $3 WHERE "userId" = $1 AND "readAt" IS NULL AND ($2::uuid[] IS NULL OR "id" = ANY($2::uuid[]))`,
    [userId, ids, toDate(now)],
  );
}

export interface DueDelivery {
  noticeId: string;
  channel: NoticeChannel;
  attempts: number;
  content: NoticeContent | null;
  locale: Locale;
  /** The address or the phone; null when it has been taken back since. */
  to: string | null;
}

export type Delivered = { state: 'sent' } | { state: 'later'; at: number } | { state: 'given-up' };

/**
 * Takes the delivery that has been due longest, hands it to `send`, and stores what came of it. While one is being sent it is
 * locked: nobody else takes it. False when none is due.
 */
export async function onDueDelivery(
  db: Db,
  { now, channels }: { now: number; channels: readonly NoticeChannel[] },
  send: (due: DueDelivery) => Promise<Delivered>,
): Promise<boolean> {
  return db.transaction(async (sql) => {
    const [row] = await sql<
      Row & {
        noticeId: string;
        channel: string;
        attempts: number;
        content: unknown;
        locale: string;
        mailSealed: string | null;
        mailVerifiedAt: Date | null;
        phoneSealed: string | null;
        phoneVerifiedAt: Date | null;
      }
    >(
      `SELECT d."noticeId", d."channel", d."attempts", n."content", u."locale", s."mailSealed", s."mailVerifiedAt",
         u."phoneSealed", u."phoneVerifiedAt"
       FROM "NoticeDelivery" d JOIN "Notice" n ON n."id" = d."noticeId" JOIN "User" u ON u."id" = n."userId"
         LEFT JOIN "NoticeSetting" s ON s."userId" = n."userId"
       WHERE d."state" = 'due' AND d."nextAt" <= $1 AND d."channel" = ANY($2)
       ORDER BY d."nextAt", d."noticeId" LIMIT 1 FOR UPDATE OF d SKIP LOCKED`,
      [toDate(now), channels],
    );
    if (!row) return false;
    const channel = noticeChannel.parse(row.channel);
    const known = noticeContent.safeParse(row.content);
    const done = await send({
      noticeId: row.noticeId,
      channel,
      attempts: row.attempts,
      content: known.success ? known.data : null,
      locale: locale.parse(row.locale),
      to:
        channel === 'mail'
          ? row.mailSealed !== null && row.mailVerifiedAt !== null
            ? db.personal.open('NoticeSetting.mail', row.mailSealed)
            : null
          : row.phoneSealed !== null && row.phoneVerifiedAt !== null
            ? db.personal.open('User.phone', row.phoneSealed)
            : null,
    });
    await sql(
      `UPDATE "NoticeDelivery" SET "attempts" = "attempts" + 1, "state" = $3, "sentAt" = $4, "nextAt" = $5
       WHERE "noticeId" = $1 AND "channel" = $2`,
      [
        row.noticeId,
        channel,
        done.state === 'later' ? 'due' : done.state,
        done.state === 'sent' ? toDate(now) : null,
        toDate(done.state === 'later' ? done.at : now),
      ],
    );
    return true;
  });
}

/** How many wait beyond their time, and how many were given up since. */
export async function countDeliveries(
  db: Db,
  { before }: { before: number },
): Promise<{ late: number; givenUp: number }> {
  const [row] = await db.sql<{ late: string; givenUp: string }>(
    `SELECT count(*) FILTER (WHERE "state" = 'due' AND n."at" < $1) AS "late",
       count(*) FILTER (WHERE "state" = 'given-up') AS "givenUp"
     FROM "NoticeDelivery" d JOIN "Notice" n ON n."id" = d."noticeId" WHERE d."state" <> 'sent'`,
    [toDate(before)],
  );
  return { late: Number(row?.late ?? 0), givenUp: Number(row?.givenUp ?? 0) };
}
