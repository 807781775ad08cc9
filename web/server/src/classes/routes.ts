import { routes } from '@keshi/contract/http/routes';
import { listClassesFor } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { getUser } from '@keshi/db/users';
import { scopesOf } from '@keshi/rules/access';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { Tokens } from '../auth/tokens.ts';
import { bind } from '../http/bind.ts';
import { findClass } from './class-access.ts';
import type { Summaries } from './summaries.ts';

interface Deps {
  db: Db;
  clock: Clock;
  tokens: Tokens;
  summaries: Summaries;
  /** Where signaling is for browsers; empty for the pages' own origin. */
  signalingUrl: string;
  publicUrl: string;
}

export function classRoutes({ db, clock, tokens, summaries, signalingUrl, publicUrl }: Deps) {
  return {
    listClasses: bind(routes.listClasses, async ({ actor, query }) => {
      const { q, ...filter } = query;
      const { total, rows } = await listClassesFor(db, {
        ...filter,
        query: q,
        userId: actor.userId,
        observes: scopesOf(actor, 'class.observe', 'class'),
      });
      return { total, rows: await summaries.of(actor, rows) };
    }),

    getClass: bind(routes.getClass, async ({ actor, params }) => {
      const { row } = await findClass(db, actor, params.id);
      return summaries.ofOne(actor, row);
    }),

    ticket: bind(routes.ticket, async ({ actor, params, audit }) => {
      const { row, role } = await findClass(db, actor, params.id);
      if (row.state === 'cancelled') throw new AppError('class-ended');
      const user = await getUser(db, actor.userId);
      if (!user) throw new AppError('unauthenticated');
      // Whoever watches others leaves a trace before he sees anything.
      if (role === 'observer')
        await audit({
          action: 'class.observed',
          targetType: 'class',
          targetId: row.id,
          orgPath: row.orgPaths[0],
        });
      const { token, expiresAt } = await tokens.signTicket({
        sub: actor.userId,
        sid: actor.sid,
        classId: row.id,
        role,
        name: user.name,
      });
      return {
        ticket: token,
        expiresAt,
        serverTime: clock(),
        role,
        signalingUrl,
        class: await summaries.ofOne(actor, row),
      };
    }),

    whip: bind(routes.whip, async ({ actor, params, audit }) => {
      const { row, role } = await findClass(db, actor, params.id);
      if (role !== 'host') throw new AppError('forbidden');
      if (row.state === 'ended' || row.state === 'cancelled') throw new AppError('class-ended');
      const user = await getUser(db, actor.userId);
      if (!user) throw new AppError('unauthenticated');
      // Whoever holds the token speaks in the instructor's name: the record says that there is one.
      await audit({
        action: 'class.whip-token',
        targetType: 'class',
        targetId: row.id,
        orgPath: row.orgPaths[0],
      });
      const { token, expiresAt } = await tokens.signWhip({
        sub: actor.userId,
        sid: actor.sid,
        classId: row.id,
        name: user.name,
      });
      return { url: new URL(`/whip/${row.id}`, signalingUrl || publicUrl).href, token, expiresAt };
    }),
  };
}
