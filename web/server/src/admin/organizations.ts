import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import {
  createOrganization,
  getOrganization,
  listOrganizations,
  type Organization,
  renameOrganization,
} from '@keshi/db/organizations';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import { listScopes } from '../scopes.ts';

export function organizationRoutes({ db }: { db: Db }) {
  /** One organisation as the list shows it. */
  async function row({ id, path }: Organization) {
    const { rows } = await listOrganizations(db, { under: path, limit: 1 });
    const found = rows.find((one) => one.id === id);
    if (!found) throw new AppError('not-found');
    return found;
  }

  return {
    listOrganizations: bind(routes.listOrganizations, async ({ actor, query }) => {
      const under = listScopes(actor, ['report.read', 'org'], ['org.manage', 'org']);
      return listOrganizations(db, {
        under,
        query: query.q,
        offset: query.offset,
        limit: query.limit,
      });
    }),

    createOrganization: bind(routes.createOrganization, async ({ actor, body, audit }) => {
      const parent = await getOrganization(db, body.parentId);
      if (!parent) throw new AppError('not-found');
      authorise(actor, 'org.manage', { kind: 'org', path: parent.path }, { hidden: true });
      if (body.kind === 'platform') throw new AppError('invalid-input', { fields: ['body.kind'] });
      const created = await createOrganization(db, body);
      await audit({
        action: 'organization.created',
        targetType: 'organization',
        targetId: created.id,
        orgPath: created.path,
        detail: { kind: body.kind, parentId: body.parentId },
      });
      return row(created);
    }),

    updateOrganization: bind(routes.updateOrganization, async ({ actor, params, body, audit }) => {
      const before = await getOrganization(db, params.id);
      if (!before) throw new AppError('not-found');
      authorise(actor, 'org.manage', { kind: 'org', path: before.path }, { hidden: true });
      const renamed = await renameOrganization(db, { id: params.id, ...body });
      await audit({
        action: 'organization.renamed',
        targetType: 'organization',
        targetId: params.id,
        orgPath: before.path,
        detail: { from: before.name, to: renamed.name },
      });
      return row(renamed);
    }),
  };
}
