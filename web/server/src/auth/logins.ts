import type { Me } from '@keshi/contract/http/auth';
import type { Db } from '@keshi/db/client';
import { endSession, endSessionsOf, openSession, rotateRefresh } from '@keshi/db/login-sessions';
import { getOrganization } from '@keshi/db/organizations';
import { findForLogin, type LoginFacts, recordFailedLogin, recordLogin } from '@keshi/db/login-accounts';
import { getUser, type User } from '@keshi/db/users';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { AuditNote } from '../http/call.ts';
import { createStrangerLocks, firstLockMs, freeFailures, longestLockMs } from './lock.ts';
import type { Passwords } from './passwords.ts';
import { hashOf, type RefreshSecret, type RefreshSecrets } from './refresh-secret.ts';
import type { SessionWatch } from './session-watch.ts';
import type { Signed, Tokens } from './tokens.ts';

export interface LoginsDeps {
  db: Db;
  clock: Clock;
  passwords: Passwords;
  tokens: Tokens;
  secrets: RefreshSecrets;
  watch: SessionWatch;
}

type Audit = (note: AuditNote) => Promise<void>;

export interface Granted {
  access: Signed;
  refresh: RefreshSecret;
  refreshExpiresAt: number;
  me: Me;
}

export interface Logins {
  /** Throws `wrong-credentials`, `account-locked` (with `retryMs`), `account-disabled`. */
  login(
    given: { login: string; password: string; userAgent: string },
    audit: Audit,
  ): Promise<Granted & { replacedEarlier: boolean }>;
  /**
   * Asks who is logged in for the password once more: throws `wrong-credentials` or `account-locked`. Wrong ones count
   * like those at the door, or an open page would be a way to guess it.
   */
  demandPassword(login: string, password: string, audit: Audit): Promise<void>;
  /** Throws `unauthenticated`, `session-replaced`, `session-revoked`, `account-disabled`. */
  refresh(presented: RefreshSecret, audit: Audit): Promise<Granted>;
  logout(actor: { userId: string; sid: string }, audit: Audit): Promise<void>;
  /** Ends whatever login a person has, at once and everywhere. */
  revoke(userId: string): Promise<void>;
  me(userId: string): Promise<Me>;
}

/** A login lives this long without being asked for the password again. */
const sessionMs = 7 * 24 * 3_600_000;
/** Two tabs that refresh at the same moment; a later second use of a secret is a copy. */
const raceMs = 10_000;

export function createLogins({ db, clock, passwords, tokens, secrets, watch }: LoginsDeps): Logins {
  const strangers = createStrangerLocks();

  async function meOf(user: User): Promise<Me> {
    const org = await getOrganization(db, user.orgId);
    return {
      userId: user.id,
      login: user.login,
      name: user.name,
      locale: user.locale,
      org: { id: user.orgId, name: org?.name ?? '' },
      memberships: user.memberships.map(({ role, orgId, orgPath, orgName }) => ({
        role,
        orgId,
        orgPath,
        orgName,
      })),
    };
  }

  async function grant(userId: string, refresh: RefreshSecret, refreshExpiresAt: number): Promise<Granted> {
    const user = await getUser(db, userId);
    if (!user) throw new AppError('unauthenticated');
    if (user.disabledAt !== null) throw new AppError('account-disabled');
    const memberships = user.memberships.map(({ role, orgId, orgPath }) => ({ role, orgId, orgPath }));
    const access = await tokens.signAccess({ sub: user.id, sid: refresh.sid, memberships });
    return { access, refresh, refreshExpiresAt, me: await meOf(user) };
  }

  function refuseLocked(lockedUntil: number | null, now: number): void {
    if (lockedUntil !== null && lockedUntil > now)
      throw new AppError('account-locked', { retryMs: lockedUntil - now });
  }

  /** Counts a wrong password, which may lock the account, and throws. */
  async function refuseWrong(known: LoginFacts, now: number, audit: Audit): Promise<never> {
    const { lockedUntil } = await recordFailedLogin(db, {
      userId: known.id,
      now,
      allowed: freeFailures,
      lockMs: firstLockMs,
      longestMs: longestLockMs,
    });
    await audit({
      action: 'login.failed',
      actorId: known.id,
      targetType: 'user',
      targetId: known.id,
      detail: { known: true, locked: lockedUntil !== null },
    });
    refuseLocked(lockedUntil, now);
    throw new AppError('wrong-credentials');
  }

  /** The login has been ended because two hold its secret: says so everywhere, and throws. */
  async function refuseCopy(sid: string, userId: string, audit: Audit): Promise<never> {
    await watch.announce([{ sid, userId, reason: 'session-revoked' }]);
    await audit({
      action: 'session.refresh-reused',
      actorId: userId,
      targetType: 'session',
      targetId: sid,
    });
    throw new AppError('session-revoked');
  }

  return {
    async demandPassword(login, password, audit) {
      const now = clock();
      const known = await findForLogin(db, login);
      refuseLocked(known?.lockedUntil ?? null, now);
      if (await passwords.matches(known?.passwordHash ?? null, password)) return;
      if (known) return refuseWrong(known, now, audit);
      throw new AppError('wrong-credentials');
    },

    async login({ login, password, userAgent }, audit) {
      const now = clock();
      const known = await findForLogin(db, login);
      // A lock is told before the password is looked at, so that guessing goes nowhere while it lasts.
      refuseLocked(known ? known.lockedUntil : strangers.lockedUntil(login), now);
      if (!(await passwords.matches(known?.passwordHash ?? null, password))) {
        if (known) return refuseWrong(known, now, audit);
        strangers.fail(login, now);
        await audit({ action: 'login.failed', detail: { known: false } });
        refuseLocked(strangers.lockedUntil(login), now);
        throw new AppError('wrong-credentials');
      }
      // Only who has the password learns that the account is switched off.
      if (!known || known.disabledAt !== null) throw new AppError('account-disabled');

      const secret = secrets.first();
      const expiresAt = now + sessionMs;
      const session = await openSession(db, {
        userId: known.id,
        refreshHash: hashOf(secret),
        userAgent,
        now,
        expiresAt,
      });
      await watch.announce(
        session.ended.map((sid) => ({ sid, userId: known.id, reason: 'session-replaced' as const })),
      );
      await recordLogin(db, known.id);
      const granted = await grant(known.id, { sid: session.id, secret }, expiresAt);
      await audit({
        action: 'login.succeeded',
        actorId: known.id,
        targetType: 'session',
        targetId: session.id,
        detail: { replaced: session.ended },
      });
      return { ...granted, replacedEarlier: session.ended.length > 0 };
    },

    async refresh(presented, audit) {
      const now = clock();
      const nextSecret = secrets.next(presented);
      const rotation = await rotateRefresh(db, {
        id: presented.sid,
        presentedHash: hashOf(presented.secret),
        nextHash: hashOf(nextSecret),
        now,
        graceMs: raceMs,
        expiresAt: now + sessionMs,
      });
      switch (rotation.kind) {
        case 'rotated':
        case 'raced':
          return grant(rotation.userId, { sid: presented.sid, secret: nextSecret }, now + sessionMs);
        case 'reused':
          return refuseCopy(presented.sid, rotation.userId, audit);
        case 'mismatch':
          // A guess ends nobody's login; an ancestor of the secret in use shows that somebody went on with a copy.
          if (!secrets.precedes(presented, rotation.refreshHash)) throw new AppError('unauthenticated');
          await endSession(db, { id: presented.sid, reason: 'refresh-reused', now });
          return refuseCopy(presented.sid, rotation.userId, audit);
        case 'ended':
          throw new AppError(
            rotation.reason === 'expired' || rotation.reason === 'logout'
              ? 'unauthenticated'
              : rotation.reason === 'replaced'
                ? 'session-replaced'
                : 'session-revoked',
          );
        case 'unknown':
          throw new AppError('unauthenticated');
      }
    },

    async logout({ userId, sid }, audit) {
      await endSession(db, { id: sid, reason: 'logout', now: clock() });
      await watch.announce([{ sid, userId, reason: 'session-revoked' }]);
      await audit({ action: 'logout', targetType: 'session', targetId: sid });
    },

    async revoke(userId) {
      const ended = await endSessionsOf(db, { userId, reason: 'revoked', now: clock() });
      await watch.announce(ended.map((sid) => ({ sid, userId, reason: 'session-revoked' as const })));
    },

    async me(userId) {
      const user = await getUser(db, userId);
      if (!user) throw new AppError('unauthenticated');
      return meOf(user);
    },
  };
}
