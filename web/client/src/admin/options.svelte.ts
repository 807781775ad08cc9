import type { Api } from '#net/api.ts';
import { createResource } from '#net/resource.svelte.ts';

/** As many as one request brings; beyond it, a search belongs in the form. */
const most = 200;

/** Organisations to choose from, indented by their place in the tree. */
export function organizationOptions(api: Api) {
  return createResource(async (signal) => {
    const { rows } = await api.call('listOrganizations', { query: { limit: most }, signal });
    const least = Math.min(...rows.map(({ depth }) => depth));
    return rows.map(({ id, name, depth, kind }) => ({
      value: id,
      label: `${'　'.repeat(depth - least)}${name}`,
      kind,
    }));
  });
}

/** People who teach; names are masked, so the account stands beside them. */
export function instructorOptions(api: Api) {
  return createResource(async (signal) => {
    const { rows } = await api.call('listUsers', { query: { role: 'instructor', limit: most }, signal });
    return rows
      .filter(({ disabled }) => !disabled)
      .map(({ id, name, login, org }) => ({ value: id, label: `${name} · ${login} · ${org.name}` }));
  });
}

export function courseOptions(api: Api) {
  return createResource(async (signal) => {
    const { rows } = await api.call('listCourses', { query: { limit: most }, signal });
    return rows.map(({ id, title }) => ({ value: id, label: title }));
  });
}

export function groupOptions(api: Api) {
  return createResource(async (signal) => {
    const { rows } = await api.call('listGroups', { query: { limit: most }, signal });
    return rows.map(({ id, name, courseTitle }) => ({ value: id, label: `${courseTitle} · ${name}` }));
  });
}
