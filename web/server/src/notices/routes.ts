import { createHmac, randomInt } from 'node:crypto';
import type { NoticeSettings } from '@keshi/contract/http/notices';
import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { maskPhone } from '@keshi/db/crypto';
import {
  chooseNotices,
  getNoticeSettings,
  keepMailAddress,
  removeMailAddress,
  verifyMailAddress,
} from '@keshi/db/notice-settings';
import { countUnread, markRead, pageNotices } from '@keshi/db/notices';
import { getPhone } from '@keshi/db/phone-codes';
import { getUser } from '@keshi/db/users';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { bind } from '../http/bind.ts';
import type { Mailer } from './mailer.ts';

interface Deps {
  db: Db;
  clock: Clock;
  secret: string;
  mailer: Mailer | null;
  sendsSms: boolean;
}

const minute = 60_000;
const codeLifeMs = 15 * minute;
const pauseMs = minute;
const attempts = 5;

/** What somebody was told, and where he wants to be told it. Everything here is one's own. */
export function noticeRoutes({ db, clock, secret, mailer, sendsSms }: Deps) {
  const hashOf = (userId: string, code: string) =>
    createHmac('sha256', secret).update(`mail-code/${userId}/${code}`).digest('base64url');

  async function settingsOf(userId: string): Promise<NoticeSettings> {
    const [settings, phone] = await Promise.all([getNoticeSettings(db, userId), getPhone(db, userId)]);
    const { mail, mailKinds, smsKinds } = settings;
    return {
      mail: mail && { masked: maskMail(mail.address), verified: mail.verified },
      phone:
        phone.phone === null ? null : { masked: maskPhone(phone.phone), verified: phone.verifiedAt !== null },
      mailKinds,
      smsKinds,
      sends: { mail: mailer !== null, sms: sendsSms },
    };
  }

  return {
    listNotices: bind(routes.listNotices, async ({ actor, query }) => {
      const { total, unread, rows } = await pageNotices(db, { userId: actor.userId, ...query });
      return {
        total,
        unread,
        rows: rows.map(({ id, at, readAt, content }) => ({ id, at, readAt, said: content })),
      };
    }),

    unreadNotices: bind(routes.unreadNotices, async ({ actor }) => ({
      unread: await countUnread(db, actor.userId),
    })),

    readNotices: bind(routes.readNotices, async ({ actor, body }) => {
      const { userId } = actor;
      await markRead(db, { userId, ids: 'all' in body ? null : body.ids, now: clock() });
      return { unread: await countUnread(db, userId) };
    }),

    noticeSettings: bind(routes.noticeSettings, ({ actor }) => settingsOf(actor.userId)),

    chooseNotices: bind(routes.chooseNotices, async ({ actor, body }) => {
      await chooseNotices(db, { userId: actor.userId, ...body });
      return settingsOf(actor.userId);
    }),

    giveMailAddress: bind(
      routes.giveMailAddress,
      async ({ actor, body }) => {
        if (!mailer) throw new AppError('unavailable', { retryMs: minute });
        const { userId } = actor;
        const now = clock();
        const code = String(randomInt(1_000_000)).padStart(6, '0');
        const kept = await keepMailAddress(db, {
          userId,
          address: body.address,
          codeHash: hashOf(userId, code),
          now,
          pauseMs,
        });
        if (!kept) throw new AppError('rate-limited', { retryMs: pauseMs });
        const user = await getUser(db, userId);
        const english = user?.locale === 'en';
        const minutes = codeLifeMs / minute;
        await mailer.send({
          messageId: `<code-${userId}-${now}@keshi>`,
          to: body.address,
          subject: english ? 'Keshi: your code' : '课时：验证码',
          text: english
            ? `Your code is ${code}. It is good for ${minutes} minutes. If you did not ask for it, do nothing.\n`
            : `验证码 ${code}，${minutes} 分钟内有效。不是您本人操作，请忽略。\n`,
        });
        return settingsOf(userId);
      },
      { limit: 'credentials' },
    ),

    verifyMailAddress: bind(routes.verifyMailAddress, async ({ actor, body }) => {
      const { userId } = actor;
      const now = clock();
      const right = await verifyMailAddress(db, {
        userId,
        codeHash: hashOf(userId, body.code),
        attempts,
        sentAfter: now - codeLifeMs,
        now,
      });
      if (!right) throw new AppError('wrong-code');
      return settingsOf(userId);
    }),

    removeMailAddress: bind(routes.removeMailAddress, async ({ actor }) => {
      await removeMailAddress(db, actor.userId);
      return settingsOf(actor.userId);
    }),
  };
}

/** zhangsan@example.cn → z***@example.cn */
function maskMail(address: string): string {
  const at = address.lastIndexOf('@');
  return `${address.slice(0, 1)}***${address.slice(at)}`;
}
