/**
 * Who may do what. The only place that decides it: services ask `can`, and use `scopesOf` to narrow a query to
 * what `can` would allow. Everything not in the table is refused.
 */
import type { Membership, Role } from '@keshi/contract/domain';

export interface Actor {
  readonly userId: string;
  readonly memberships: readonly Membership[];
}

export type Resource =
  | {
      readonly kind: 'class';
      /** The institution's path and, if there are any, those of the employers whose people attend. */
      readonly orgPaths: readonly string[];
      readonly instructorId: string;
      /** Whether the actor is enrolled. */
      readonly enrolled: boolean;
    }
  | {
      readonly kind: 'course';
      readonly orgPaths: readonly string[];
      /** Instructors who write it; they do not review it. */
      readonly authorIds: readonly string[];
      /** Whether the actor is enrolled; absent where nothing depends on it. */
      readonly enrolled?: boolean;
    }
  | {
      /** A question of a course's bank. */
      readonly kind: 'item';
      readonly orgPaths: readonly string[];
      /** Who wrote the words in use: they are another person's to approve. */
      readonly userId: string;
    }
  | {
      readonly kind: 'exam';
      readonly orgPaths: readonly string[];
      /** Who teaches the course. */
      readonly authorIds: readonly string[];
      /** Whether the actor learns in the course. */
      readonly enrolled: boolean;
    }
  | {
      /** A lesson that is studied in one's own time. */
      readonly kind: 'lesson';
      readonly orgPaths: readonly string[];
      /** Who teaches in its course. */
      readonly authorIds: readonly string[];
      /** Whether the actor takes its course. */
      readonly enrolled: boolean;
    }
  | { readonly kind: 'group'; readonly orgPaths: readonly string[] }
  | {
      readonly kind: 'person';
      readonly userId: string;
      /** All of them, everywhere: nobody manages an account that may do what he could not grant. */
      readonly memberships: readonly Pick<Membership, 'role' | 'orgPath'>[];
    }
  | {
      readonly kind: 'incident';
      /** The institution's whose course it is. */
      readonly orgPaths: readonly string[];
      /** Whom it is about. */
      readonly userId: string;
      /** Who decided it already: an appeal is another person's to decide. */
      readonly decidedBy: string | null;
    }
  | { readonly kind: 'org'; readonly path: string }
  | { readonly kind: 'platform' };

export type ResourceKind = Resource['kind'];

export type Action =
  /** Join a class as a learner, and watch its replay. */
  | 'class.attend'
  /** Run a class: start, pause, end, moderate, invite to the stage. */
  | 'class.teach'
  /** Put sound and picture on the stage in one's own right. An invited learner speaks by `class.speak` and the invitation. */
  | 'class.publish'
  /** Chat, ask, raise a hand, answer quizzes. */
  | 'class.speak'
  /** Supervise: see the class and everybody's attendance. Never to be heard in it. */
  | 'class.observe'
  /** Say of somebody who waits in a class that it is that person, or is not. */
  | 'class.recognise'
  | 'class.export'
  | 'class.schedule'
  | 'quiz.prepare'
  /** Watch a published lesson; nothing is earned by that alone. */
  | 'lesson.watch'
  /** Study a lesson, and earn by it. */
  | 'lesson.study'
  | 'course.manage'
  /** Review as an expert, before a resource is listed. */
  | 'course.review'
  /** Write questions of a course's bank, and read what is right. */
  | 'bank.write'
  /** Approve a question, or return it. */
  | 'bank.review'
  /** Plan exams, publish them, grant time. */
  | 'exam.manage'
  | 'exam.take'
  /** See who writes and what came of it. */
  | 'exam.observe'
  /** Read attempts with their answers, mark them, decide what came late, correct grades. */
  | 'exam.grade'
  /** Enrol oneself in a course that allows it. */
  | 'course.enrol'
  /** Say what one thinks of a course one takes. */
  | 'course.rate'
  /** Say something about it where others who take or teach it read it. */
  | 'course.discuss'
  /** Keep the classification of occupations. */
  | 'occupation.manage'
  | 'group.manage'
  | 'report.read'
  /** Decide about a learner's hours in a course: take them back, or give them back. */
  | 'hours.decide'
  /** Read and keep the signed roots of the ledger. */
  | 'ledger.export'
  /** See names and numbers unmasked; each time is logged. */
  | 'personal.unmask'
  | 'user.manage'
  /** Give one's own document, consent and face. */
  | 'identity.own'
  /** Confirm or refuse who somebody else is. */
  | 'identity.decide'
  /** See findings about others with their evidence; each look at a picture is logged. */
  | 'incident.read'
  /** Confirm or dismiss a finding, and decide an appeal [CH4]. */
  | 'incident.decide'
  /** Issue certificates to the learners of a group, and revoke them [CT1, CT2]. */
  | 'certificate.issue'
  | 'certificate.revoke'
  | 'org.manage'
  | 'policy.manage'
  | 'audit.read'
  | 'screening.read'
  | 'health.read';

/**
 * How far a role reaches: `org` the organisation of the membership and everything below it; `own` what the actor
 * teaches or writes; `enrolled` classes and courses the actor is enrolled in; `self` the actor's own record; `platform` the
 * membership is of the root organisation; `assignable` people of the organisation who hold nothing that the actor
 * could not have given them; `others` as `org`, and never oneself; `impartial` as `others`, and never what one has
 * decided before.
 */
type Reach = 'org' | 'others' | 'impartial' | 'own' | 'enrolled' | 'self' | 'platform' | 'assignable';

/** What reaches by virtue of an organisation. */
const ofOrganization: ReadonlySet<Reach> = new Set<Reach>(['org', 'others', 'impartial', 'assignable']);

type Grant = Partial<Record<ResourceKind, Partial<Record<Role, Reach>>>>;

const supervisors = { staff: 'org', employer: 'org', regulator: 'org' } as const;
const everybodySelf = {
  learner: 'self',
  instructor: 'self',
  staff: 'org',
  employer: 'org',
  regulator: 'org',
  expert: 'self',
  admin: 'self',
} as const;

const grants: Record<Action, Grant> = {
  'class.attend': { class: { learner: 'enrolled' } },
  'class.speak': { class: { learner: 'enrolled', instructor: 'own' } },
  'class.teach': { class: { instructor: 'own' } },
  'class.publish': { class: { instructor: 'own' } },
  'class.observe': { class: { ...supervisors, admin: 'org' } },
  'class.recognise': { class: supervisors },
  'class.export': { class: supervisors },
  'class.schedule': { class: { staff: 'org', admin: 'org' }, org: { staff: 'org', admin: 'org' } },
  'quiz.prepare': { class: { instructor: 'own' }, course: { instructor: 'own' } },
  'lesson.watch': { lesson: { learner: 'enrolled', instructor: 'own', ...supervisors, admin: 'org' } },
  'lesson.study': { lesson: { learner: 'enrolled' } },
  'course.manage': {
    course: { instructor: 'own', staff: 'org', employer: 'org' },
    org: { staff: 'org', employer: 'org' },
  },
  'course.review': { course: { expert: 'others' } },
  'course.enrol': { person: { learner: 'self' } },
  'course.rate': { course: { learner: 'enrolled' } },
  'course.discuss': { course: { learner: 'enrolled', instructor: 'own' } },
  'occupation.manage': { platform: { admin: 'platform' } },
  'bank.write': { course: { instructor: 'own', staff: 'org', employer: 'org' } },
  'bank.review': {
    course: { staff: 'org', expert: 'org' },
    item: { staff: 'others', expert: 'others' },
  },
  'exam.manage': {
    course: { instructor: 'own', staff: 'org', employer: 'org' },
    exam: { instructor: 'own', staff: 'org', employer: 'org' },
  },
  'exam.take': { exam: { learner: 'enrolled' } },
  'exam.observe': {
    course: { instructor: 'own', ...supervisors, admin: 'org' },
    exam: { instructor: 'own', ...supervisors, admin: 'org' },
  },
  'exam.grade': { exam: { instructor: 'own', staff: 'org', employer: 'org' } },
  'group.manage': { group: { staff: 'org', employer: 'org' }, org: { staff: 'org', employer: 'org' } },
  'report.read': {
    class: { instructor: 'own', ...supervisors, admin: 'org' },
    course: { instructor: 'own', ...supervisors, admin: 'org' },
    group: supervisors,
    person: everybodySelf,
    org: { ...supervisors, admin: 'org' },
  },
  'hours.decide': { course: { staff: 'org' } },
  'ledger.export': { org: { staff: 'org', regulator: 'org', admin: 'org' } },
  'personal.unmask': { class: supervisors, group: supervisors, person: everybodySelf },
  'user.manage': {
    person: { staff: 'assignable', employer: 'assignable', admin: 'assignable' },
    org: { staff: 'org', employer: 'org', admin: 'org' },
  },
  'identity.own': { person: { learner: 'self', instructor: 'self' } },
  'identity.decide': { person: { staff: 'others' }, org: { staff: 'org' } },
  'incident.read': { incident: { staff: 'others', regulator: 'others', admin: 'others' } },
  'incident.decide': { incident: { staff: 'impartial', regulator: 'impartial' } },
  'certificate.issue': { group: { staff: 'org' } },
  'certificate.revoke': { group: { staff: 'org', regulator: 'org' } },
  'org.manage': { org: { admin: 'org' } },
  'policy.manage': { course: { admin: 'org' }, org: { admin: 'org' }, platform: { admin: 'platform' } },
  'audit.read': {
    class: { staff: 'org', regulator: 'org', admin: 'org' },
    org: { staff: 'org', regulator: 'org', admin: 'org' },
    platform: { admin: 'platform' },
  },
  'screening.read': {
    class: { instructor: 'own', staff: 'org', regulator: 'org', admin: 'org' },
    org: { staff: 'org', regulator: 'org', admin: 'org' },
  },
  'health.read': { platform: { admin: 'platform' } },
};

/** What each role may give to others, within the organisations it covers. */
const assignable: Record<Role, readonly Role[]> = {
  learner: [],
  instructor: [],
  expert: [],
  regulator: [],
  employer: ['learner'],
  staff: ['learner', 'instructor'],
  admin: ['learner', 'instructor', 'staff', 'employer', 'regulator', 'expert', 'admin'],
};

/** Whether the actor may do this to that. An actor with several memberships may do what any one of them allows. */
export function can(actor: Actor, action: Action, resource: Resource): boolean {
  const byRole = grants[action][resource.kind];
  if (!byRole) return false;
  return actor.memberships.some((membership) => {
    const reach = byRole[membership.role];
    return reach !== undefined && reaches(reach, actor, membership, resource);
  });
}

/**
 * The organisations, as paths, in and below which the actor may do this to resources of that kind by virtue of an
 * organisation. For lists: a row is visible if one of its paths starts with one of these. What the actor may do as
 * its teacher, author or learner comes on top.
 */
export function scopesOf(actor: Actor, action: Action, kind: ResourceKind): string[] {
  const byRole = grants[action][kind] ?? {};
  const paths = actor.memberships
    .filter(({ role, orgPath }) => {
      const reach = byRole[role];
      return reach !== undefined && ofOrganization.has(reach) && isPath(orgPath);
    })
    .map(({ orgPath }) => orgPath);
  return [...new Set(paths)].filter(
    (path) => !paths.some((other) => other !== path && path.startsWith(other)),
  );
}

/** The roles the actor may give within this organisation, so that nobody makes an account stronger than his own. */
export function assignableRoles(actor: Actor, orgPath: string): Role[] {
  const roles = actor.memberships
    .filter((membership) => covers(membership.orgPath, orgPath))
    .flatMap((membership) => assignable[membership.role]);
  return assignable.admin.filter((role) => roles.includes(role));
}

/** Whether a membership of `membershipPath` covers `orgPath`: the same organisation, or one below it. */
export function covers(membershipPath: string, orgPath: string): boolean {
  return isPath(membershipPath) && isPath(orgPath) && orgPath.startsWith(membershipPath);
}

function reaches(reach: Reach, actor: Actor, membership: Membership, resource: Resource): boolean {
  switch (reach) {
    case 'org':
      return orgPathsOf(resource).some((path) => covers(membership.orgPath, path));
    case 'others':
      return (
        isOfOthers(actor, resource) && orgPathsOf(resource).some((path) => covers(membership.orgPath, path))
      );
    case 'impartial':
      return (
        reaches('others', actor, membership, resource) &&
        resource.kind === 'incident' &&
        resource.decidedBy !== actor.userId
      );
    case 'own':
      return (
        (resource.kind === 'class' && resource.instructorId === actor.userId) ||
        ((resource.kind === 'course' || resource.kind === 'lesson' || resource.kind === 'exam') &&
          resource.authorIds.includes(actor.userId))
      );
    case 'enrolled':
      // An instructor sits on the other side of the desk, also if somebody enrolled him by mistake.
      return (
        (resource.kind === 'class' && resource.enrolled && resource.instructorId !== actor.userId) ||
        (resource.kind === 'exam' && resource.enrolled && !resource.authorIds.includes(actor.userId)) ||
        (resource.kind === 'course' &&
          resource.enrolled === true &&
          !resource.authorIds.includes(actor.userId)) ||
        (resource.kind === 'lesson' && resource.enrolled && !resource.authorIds.includes(actor.userId))
      );
    case 'self':
      return resource.kind === 'person' && resource.userId === actor.userId;
    case 'platform':
      return resource.kind === 'platform' && isRoot(membership.orgPath);
    case 'assignable':
      return resource.kind === 'person' && managesPerson(membership, resource.memberships);
  }
}

function isOfOthers(actor: Actor, resource: Resource): boolean {
  switch (resource.kind) {
    case 'course':
      return !resource.authorIds.includes(actor.userId);
    case 'person':
    case 'incident':
    case 'item':
      return resource.userId !== actor.userId;
    default:
      return false;
  }
}

/**
 * At least one membership of the person lies within reach, and no membership is stronger than what the manager
 * could give. To learn or teach elsewhere as well makes nobody stronger; any other role must lie within reach too.
 */
function managesPerson(manager: Membership, held: readonly Pick<Membership, 'role' | 'orgPath'>[]): boolean {
  const within = (orgPath: string) => covers(manager.orgPath, orgPath);
  const harmless = (role: Role) => role === 'learner' || role === 'instructor';
  return (
    held.some(({ orgPath }) => within(orgPath)) &&
    held.every(
      ({ role, orgPath }) => assignable[manager.role].includes(role) && (harmless(role) || within(orgPath)),
    )
  );
}

function orgPathsOf(resource: Resource): readonly string[] {
  switch (resource.kind) {
    case 'class':
    case 'course':
    case 'lesson':
    case 'group':
    case 'incident':
    case 'item':
    case 'exam':
      return resource.orgPaths;
    case 'person':
      return resource.memberships.map(({ orgPath }) => orgPath);
    case 'org':
      return [resource.path];
    case 'platform':
      return [];
  }
}

/** A path that lost its slashes must cover nothing: `/a` would otherwise cover `/ab/`, and the empty path everything. */
function isPath(path: string): boolean {
  return path.startsWith('/') && path.endsWith('/') && !path.includes('//');
}

/** The platform is the only organisation without a parent: its path is `/` or has one member. */
function isRoot(path: string): boolean {
  return isPath(path) && path.split('/').length <= 3;
}
