import type { ProjectRow } from '@keshi/contract/http/courses';
import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { getOrganization } from '@keshi/db/organizations';
import {
  createProject,
  getProject,
  listOccupations,
  listProjects,
  occupationCodes,
  storeOccupations,
  type TrainingProject,
  updateProject,
} from '@keshi/db/training-projects';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import { occupationsIn } from './occupation-lines.ts';

export function projectRoutes({ db }: { db: Db }) {
  async function demandOccupation(code: string | null | undefined): Promise<void> {
    if (code === null || code === undefined) return;
    if ((await occupationCodes(db, [code])).size === 0)
      throw new AppError('invalid-input', { fields: ['body.occupationCode'] });
  }

  return {
    listOccupations: bind(routes.listOccupations, async ({ query: { q, parent, offset, limit } }) =>
      listOccupations(db, { parent, query: q, offset, limit }),
    ),

    importOccupations: bind(routes.importOccupations, async ({ actor, body, audit }) => {
      authorise(actor, 'occupation.manage', { kind: 'platform' });
      const found = occupationsIn(body);
      const parents = await occupationCodes(db, found.parents);
      const orphans = found.rows.filter(
        ({ parent }) => parent !== null && !parents.has(parent) && !found.codes.has(parent),
      );
      const errors = [
        ...found.errors,
        ...orphans.map(({ line }) => ({ line, problem: 'parent' as const })),
      ].sort((a, b) => a.line - b.line);
      if (errors.length > 0) return { changed: 0, errors: errors.slice(0, 1_000) };
      const changed = await storeOccupations(db, found.rows);
      await audit({ action: 'occupation.imported', detail: { changed } });
      return { changed, errors: [] };
    }),

    listProjects: bind(routes.listProjects, async ({ query: { q, ...filter } }) => {
      const { total, rows } = await listProjects(db, { ...filter, query: q });
      return { total, rows: rows.map(toRow) };
    }),

    createProject: bind(routes.createProject, async ({ actor, body, audit }) => {
      const org = await getOrganization(db, body.orgId);
      if (!org) throw new AppError('invalid-input', { fields: ['body.orgId'] });
      authorise(actor, 'course.manage', { kind: 'org', path: org.path });
      await demandOccupation(body.occupationCode);
      const project = await createProject(db, body);
      await audit({
        action: 'project.created',
        targetType: 'project',
        targetId: project.id,
        orgPath: project.orgPath,
      });
      return toRow(project);
    }),

    updateProject: bind(routes.updateProject, async ({ actor, params, body, audit }) => {
      const project = await getProject(db, params.id);
      if (!project) throw new AppError('not-found');
      authorise(actor, 'course.manage', { kind: 'org', path: project.orgPath });
      await demandOccupation(body.occupationCode);
      const changed = await updateProject(db, { id: project.id, ...body });
      await audit({
        action: 'project.changed',
        targetType: 'project',
        targetId: project.id,
        orgPath: project.orgPath,
        detail: { fields: Object.keys(body).filter((field) => field !== 'version') },
      });
      return toRow(changed);
    }),
  };
}

function toRow({ orgPath: _, ...project }: TrainingProject): ProjectRow {
  return project;
}
