import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { setPasswordHash } from '@keshi/db/login-accounts';
import { getUser, setLocale } from '@keshi/db/users';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { bind } from '../http/bind.ts';
import type { Exchange } from '../http/call.ts';
import type { Granted, Logins } from './logins.ts';
import { demandGoodPassword } from './password-rules.ts';
import type { Passwords } from './passwords.ts';
import type { RefreshCookie } from './refresh-secret.ts';

export interface DemoAccount {
  login: string;
  password: string;
  name: string;
  role: string;
}

interface Deps {
  db: Db;
  clock: Clock;
  logins: Logins;
  passwords: Passwords;
  cookie: RefreshCookie;
  /** Empty outside of development. */
  demoAccounts: readonly DemoAccount[];
}

export function authRoutes({ db, clock, logins, passwords, cookie, demoAccounts }: Deps) {
  function hand(granted: Granted, http: Exchange) {
    http.setCookie(cookie.set(granted.refresh, granted.refreshExpiresAt));
    return {
      accessToken: granted.access.token,
      expiresAt: granted.access.expiresAt,
      serverTime: clock(),
      me: granted.me,
    };
  }

  return {
    login: bind(
      routes.login,
      async ({ body, http, audit }) => {
        const granted = await logins.login({ ...body, userAgent: http.userAgent }, audit);
        return { ...hand(granted, http), replacedEarlier: granted.replacedEarlier };
      },
      { limit: 'credentials' },
    ),

    refresh: bind(
      routes.refresh,
      async ({ http, audit }) => {
        const presented = cookie.read(http.cookie(cookie.name));
        try {
          if (!presented) throw new AppError('unauthenticated');
          return hand(await logins.refresh(presented, audit), http);
        } catch (error) {
          // What will never work again need not be sent again.
          if (error instanceof AppError && error.code !== 'unavailable') http.setCookie(cookie.clear());
          throw error;
        }
      },
      { limit: 'credentials' },
    ),

    logout: bind(routes.logout, async ({ actor, http, audit }) => {
      http.setCookie(cookie.clear());
      await logins.logout(actor, audit);
    }),

    me: bind(routes.me, ({ actor }) => logins.me(actor.userId)),

    updateMe: bind(
      routes.updateMe,
      async ({ actor, body, audit }) => {
        const { userId } = actor;
        if (body.password) {
          const user = await getUser(db, userId);
          if (!user) throw new AppError('unauthenticated');
          await logins.demandPassword(user.login, body.password.current, audit);
          demandGoodPassword(body.password.next, user.login, 'body.password.next');
          await setPasswordHash(db, { userId, passwordHash: await passwords.hash(body.password.next) });
          await audit({ action: 'user.password-changed', targetType: 'user', targetId: userId });
        }
        if (body.locale) await setLocale(db, { userId, locale: body.locale });
        return logins.me(userId);
      },
      { limit: 'credentials' },
    ),

    demoAccounts: bind(routes.demoAccounts, async () => ({ accounts: [...demoAccounts] })),
  };
}
