import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { isRefused } from '@keshi/db/failures';
import { findForLogin } from '@keshi/db/login-accounts';
import { getOrganization } from '@keshi/db/organizations';
import { getPhone, phoneVerified } from '@keshi/db/phone-codes';
import { createUser, getUser } from '@keshi/db/users';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { demandGoodPassword } from '../auth/password-rules.ts';
import type { Passwords } from '../auth/passwords.ts';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import { createPhoneCodes } from './codes.ts';
import type { SmsSender } from './sms.ts';

interface Deps {
  db: Db;
  clock: Clock;
  passwords: Passwords;
  secret: string;
  sms: SmsSender | null;
  /** Whose learners those become who register by themselves; null: nobody does. */
  orgId: string | null;
}

export function registrationRoutes({ db, clock, passwords, secret, sms, orgId }: Deps) {
  const codes = createPhoneCodes({
    db,
    clock,
    secret,
    sms:
      sms ?? (() => Promise.reject(new AppError('unavailable', { message: 'nothing sends short messages' }))),
  });

  async function home() {
    const org = sms && orgId !== null ? await getOrganization(db, orgId) : null;
    if (!org) throw new AppError('registration-closed');
    return org;
  }

  async function ownPhone(actor: Actor): Promise<string> {
    authorise(actor, 'identity.own', {
      kind: 'person',
      userId: actor.userId,
      memberships: actor.memberships,
    });
    const { phone } = await getPhone(db, actor.userId);
    if (phone === null) throw new AppError('not-found');
    return phone;
  }

  return {
    registration: bind(routes.registration, async () => {
      try {
        await home();
        return { open: true };
      } catch (error) {
        if (error instanceof AppError && error.code === 'registration-closed') return { open: false };
        throw error;
      }
    }),

    sendRegistrationCode: bind(
      routes.sendRegistrationCode,
      async ({ body, http }) => {
        await home();
        return codes.send({ ...body, purpose: 'register', address: http.address });
      },
      { limit: 'credentials' },
    ),

    register: bind(
      routes.register,
      async ({ body, audit }) => {
        const org = await home();
        const { code, password, ...person } = body;
        demandGoodPassword(password, person.login, 'body.password');
        const proof = { purpose: 'register', phone: person.phone, code } as const;
        // Only whoever has the code learns which logins are taken, and keeps it to choose another.
        await codes.demand({ ...proof, keep: true });
        if (await findForLogin(db, person.login)) throw new AppError('conflict', { fields: ['body.login'] });
        await codes.demand(proof);
        const { id } = await createUser(db, {
          ...person,
          orgId: org.id,
          memberships: [{ orgId: org.id, role: 'learner' }],
          passwordHash: await passwords.hash(password),
          phoneVerifiedAt: clock(),
        }).catch((error: unknown) => {
          // The organisation went while the form was being filled in.
          if (isRefused(error) && error.code === 'not-found') throw new AppError('registration-closed');
          throw error;
        });
        await audit({
          action: 'user.registered',
          actorId: id,
          targetType: 'user',
          targetId: id,
          orgPath: org.path,
        });
      },
      { limit: 'credentials' },
    ),

    sendPhoneCode: bind(
      routes.sendPhoneCode,
      async ({ actor, http }) => {
        const phone = await ownPhone(actor);
        const user = await getUser(db, actor.userId);
        return codes.send({
          purpose: 'verify',
          phone,
          address: http.address,
          locale: user?.locale ?? 'zh-CN',
        });
      },
      { limit: 'credentials' },
    ),

    verifyPhone: bind(
      routes.verifyPhone,
      async ({ actor, body, audit }) => {
        const { userId } = actor;
        const phone = await ownPhone(actor);
        await codes.demand({ purpose: 'verify', phone, code: body.code });
        if (!(await phoneVerified(db, { userId, phone, now: clock() }))) throw new AppError('outdated');
        await audit({ action: 'user.phone-verified', targetType: 'user', targetId: userId });
      },
      { limit: 'credentials' },
    ),
  };
}
