import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { type Course, createCourse, getCourse, listCourses, updateCourse } from '@keshi/db/courses';
import { getOrganization } from '@keshi/db/organizations';
import {
  type PolicyValues,
  policyValues,
  storedCheckPolicy,
  storedPolicy,
  storedStudyPolicy,
} from '@keshi/contract/policy';
import {
  checkPolicyNames,
  identityPolicyProblems,
  resolveIdentityPolicy,
} from '@keshi/rules/identity-policy';
import { defaultPolicy, policyProblems, resolvePolicy } from '@keshi/rules/policy';
import { defaultStudyPolicy, resolveStudyPolicy, studyPolicyProblems } from '@keshi/rules/study-policy';
import { AppError } from '@keshi/runtime/errors';
import type { ZodError } from 'zod';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import { listScopes } from '../scopes.ts';

export function courseRoutes({ db }: { db: Db }) {
  return {
    listCourses: bind(routes.listCourses, async ({ actor, query }) => {
      const under = listScopes(actor, ['report.read', 'course'], ['course.manage', 'course']);
      const { total, rows: found } = await listCourses(db, {
        under,
        query: query.q,
        offset: query.offset,
        limit: query.limit,
      });
      return { total, rows: found.map(toRow) };
    }),

    createCourse: bind(routes.createCourse, async ({ actor, body, audit }) => {
      const org = await getOrganization(db, body.orgId);
      if (!org) throw new AppError('invalid-input', { fields: ['body.orgId'] });
      authorise(actor, 'course.manage', { kind: 'org', path: org.path });
      const course = await createCourse(db, body);
      await audit({
        action: 'course.created',
        targetType: 'course',
        targetId: course.id,
        orgPath: org.path,
      });
      return toRow(course);
    }),

    updateCourse: bind(routes.updateCourse, async ({ actor, params, body, audit }) => {
      const course = await getCourse(db, params.id);
      if (!course) throw new AppError('not-found');
      const resource = { kind: 'course', orgPaths: [course.orgPath], authorIds: [] } as const;
      authorise(actor, 'report.read', resource, { hidden: true });
      if (body.title !== undefined || body.summary !== undefined || body.policy === undefined)
        authorise(actor, 'course.manage', resource);
      if (body.policy) {
        authorise(actor, 'policy.manage', resource);
        demandSoundPolicy(body.policy);
      }
      const changed = await updateCourse(db, { id: params.id, ...body });
      await audit({
        action: body.policy ? 'course.policy-changed' : 'course.changed',
        targetType: 'course',
        targetId: params.id,
        orgPath: course.orgPath,
        detail: {
          fields: Object.keys(body).filter((field) => field !== 'version'),
          ...(body.policy
            ? { before: JSON.stringify(course.policy), after: JSON.stringify(body.policy) }
            : {}),
        },
      });
      return toRow(changed);
    }),
  };
}

function toRow({ orgPath: _, policy, ...course }: Course) {
  return { ...course, policy: policyValues.catch({}).parse(policy) };
}

/** Throws `invalid-input` for numbers the rules do not know or cannot work with. */
function demandSoundPolicy(policy: PolicyValues): void {
  const known = { ...defaultPolicy, ...defaultStudyPolicy, ...checkPolicyNames };
  const unknown = Object.keys(policy).filter((name) => !Object.hasOwn(known, name));
  const wrong = [...wrongOfClasses(policy), ...wrongOfStudy(policy), ...wrongOfChecks(policy)];
  const fields = [...new Set([...unknown, ...wrong])].map((name) => `body.policy.${name}`);
  if (fields.length > 0) throw new AppError('invalid-input', { fields });
}

function wrongOfClasses(policy: PolicyValues): string[] {
  const { success, data, error } = storedPolicy.safeParse(policy);
  return success ? policyProblems(resolvePolicy(data)).map(({ field }) => field) : fieldsOf(error);
}

function wrongOfStudy(policy: PolicyValues): string[] {
  const { success, data, error } = storedStudyPolicy.safeParse(policy);
  return success ? studyPolicyProblems(resolveStudyPolicy(data)).map(({ field }) => field) : fieldsOf(error);
}

/** In the names they are entered by. */
function wrongOfChecks(policy: PolicyValues): string[] {
  const { success, data, error } = storedCheckPolicy.safeParse(policy);
  if (!success) return fieldsOf(error);
  const wrong = new Set<string>(
    identityPolicyProblems(resolveIdentityPolicy(data)).map(({ field }) => field),
  );
  return Object.entries(checkPolicyNames).flatMap(([name, field]) => (wrong.has(field) ? [name] : []));
}

const fieldsOf = ({ issues }: ZodError): string[] => issues.map(({ path }) => String(path[0]));
