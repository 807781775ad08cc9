import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { openPicture } from '@keshi/db/face-references';
import { decideIdentity, pageIdentityQueue, type QueueRow, revealIdentity } from '@keshi/db/identity-queue';
import { getUser } from '@keshi/db/users';
import type { Vault } from '@keshi/db/vault';
import { checkDocument } from '@keshi/rules/documents';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import { listScopes } from '../scopes.ts';
import { authorityWaitMs } from './standing.ts';

interface Deps {
  db: Db;
  vault: Vault;
  clock: Clock;
  asksAuthority: boolean;
}

/** [PR2] People whose identity a person decides, for staff of their institution. */
export function identityQueueRoutes({ db, vault, clock, asksAuthority }: Deps) {
  const waiting = (
    actor: Actor,
    filter: { offset?: number; limit?: number; userId?: string; query?: string },
  ) =>
    pageIdentityQueue(db, {
      under: listScopes(actor, ['identity.decide', 'org']),
      // Nobody confirms himself.
      except: actor.userId,
      asked: asksAuthority,
      waitedSince: clock() - authorityWaitMs,
      ...filter,
    });

  /** Throws `forbidden` for who decides nowhere, `not-found` for who is not the actor's to decide. */
  async function demandDecide(actor: Actor, userId: string): Promise<void> {
    listScopes(actor, ['identity.decide', 'org']);
    const person = await getUser(db, userId);
    if (!person) throw new AppError('not-found');
    const resource = { kind: 'person', userId, memberships: person.memberships } as const;
    authorise(actor, 'identity.decide', resource, { hidden: true });
  }

  return {
    identityQueue: bind(routes.identityQueue, async ({ actor, query }) => {
      const { total, rows } = await waiting(actor, {
        offset: query.offset,
        limit: query.limit,
        query: query.q,
      });
      return { total, rows: rows.map(toRow) };
    }),

    revealIdentity: bind(routes.revealIdentity, async ({ actor, params, body, http }) => {
      const userId = params.id;
      await demandDecide(actor, userId);
      // Only while there is something to decide: the queue opens no other way to whole identities.
      if ((await waiting(actor, { userId, limit: 1 })).total === 0) throw new AppError('not-found');
      const facts = await revealIdentity(db, {
        userId,
        actorId: actor.userId,
        reason: body.reason,
        address: http.address,
      });
      const picture = await openPicture(db, vault, userId);
      const checked = checkDocument(facts.kind, facts.number, clock());
      return {
        ...facts,
        birthDate: checked.ok ? checked.birthDate : null,
        picture: picture && picture.toString('base64'),
      };
    }),

    decideIdentity: bind(routes.decideIdentity, async ({ actor, params, body, audit }) => {
      const userId = params.id;
      await demandDecide(actor, userId);
      await decideIdentity(db, { userId, decidedBy: actor.userId, now: clock(), ...body });
      await audit({
        action: body.decision === 'confirm' ? 'identity.confirmed' : 'identity.refused',
        targetType: 'user',
        targetId: userId,
        detail: { reason: body.reason },
      });
    }),
  };
}

function toRow({ maskedName, maskedPhone, document, ...row }: QueueRow) {
  const { maskedNumber, ...rest } = document;
  return { ...row, name: maskedName, phone: maskedPhone, document: { ...rest, masked: maskedNumber } };
}
