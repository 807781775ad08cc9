import { routes } from '@keshi/contract/http/routes';
import { pageAudit } from '@keshi/db/audit';
import type { Db } from '@keshi/db/client';
import { actorNames } from '@keshi/db/person-names';
import { can } from '@keshi/rules/access';
import { z } from 'zod';
import { bind } from '../http/bind.ts';
import { listScopes } from '../scopes.ts';

export function auditRoutes({ db }: { db: Db }) {
  return {
    listAudit: bind(routes.listAudit, async ({ actor, query }) => {
      // The platform's own administrator also reads what concerns no organisation, such as logins nobody has.
      const whole = can(actor, 'audit.read', { kind: 'platform' });
      const { total, rows } = await pageAudit(db, {
        under: whole ? '' : listScopes(actor, ['audit.read', 'org']),
        action: query.action,
        from: query.from,
        to: query.to,
        offset: query.offset,
        limit: query.limit,
      });
      // Whoever supervises may know who held an office when he acted; learners stay masked.
      const names = await actorNames(db, [...new Set(rows.flatMap(({ actorId }) => actorId ?? []))]);
      const detail = z.record(z.string(), z.unknown()).catch({});
      return {
        total,
        rows: rows.map(({ actorId, orgPath: _, ...entry }) => ({
          ...entry,
          actor: actorId === null ? null : { id: actorId, name: names.get(actorId) ?? '' },
          detail: detail.parse(entry.detail),
        })),
      };
    }),
  };
}
