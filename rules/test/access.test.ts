import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { role as roles } from '@keshi/contract/domain';
import type { Membership, Role } from '@keshi/contract/domain';
import { assignableRoles, can, covers, scopesOf } from '../src/access.ts';
import type { Action, Actor, Resource } from '../src/access.ts';

const home = '/root/js/inst/';
const elsewhere = '/root/zj/inst/';
const me = 'me';

const membership = (role: Role, orgPath = home): Membership => ({ role, orgId: 'org', orgPath });
const actor = (...memberships: Membership[]): Actor => ({ userId: me, memberships });

type Mine = { instructorId?: string; enrolled?: boolean };
const course = (path: string, authorIds: string[] = []) => ({
  kind: 'course' as const,
  orgPaths: [path],
  authorIds,
});
const person = (path: string, userId = 'other', role: Role = 'learner'): Resource => ({
  kind: 'person',
  userId,
  memberships: [{ role, orgPath: path }],
});
const liveClass = (path: string, { instructorId = 'other', enrolled = false }: Mine = {}): Resource => ({
  kind: 'class',
  orgPaths: [path],
  instructorId,
  enrolled,
});

const incident = (path: string, userId = 'other', decidedBy: string | null = null): Resource => ({
  kind: 'incident',
  orgPaths: [path],
  userId,
  decidedBy,
});

const item = (path: string, userId = 'other'): Resource => ({ kind: 'item', orgPaths: [path], userId });
const exam = (path: string, { authorIds = [] as string[], enrolled = false } = {}): Resource => ({
  kind: 'exam',
  orgPaths: [path],
  authorIds,
  enrolled,
});
const lesson = (
  path: string,
  { authorIds = [], enrolled = false }: { authorIds?: string[]; enrolled?: boolean } = {},
): Resource => ({ kind: 'lesson', orgPaths: [path], authorIds, enrolled });

/** Each kind in and out of scope, mine and not mine. */
const resources = {
  'class in': liveClass(`${home}dept/`),
  'class out': liveClass(elsewhere),
  'class in, taught': liveClass(home, { instructorId: me }),
  'class out, taught': liveClass(elsewhere, { instructorId: me }),
  'class in, enrolled': liveClass(home, { enrolled: true }),
  'class out, enrolled': liveClass(elsewhere, { enrolled: true }),
  'course in': course(home),
  'course out': course(elsewhere),
  'course out, written': course(elsewhere, [me]),
  'course in, written': course(home, [me]),
  'course out, enrolled': { ...course(elsewhere), enrolled: true },
  'lesson in': lesson(home),
  'lesson out': lesson(elsewhere),
  'lesson out, taught': lesson(elsewhere, { authorIds: [me], enrolled: true }),
  'lesson out, enrolled': lesson(elsewhere, { enrolled: true }),
  'group in': { kind: 'group', orgPaths: [home] },
  'group out': { kind: 'group', orgPaths: [elsewhere] },
  'person in': person(home),
  'person out': person(elsewhere),
  'person out, self': person(elsewhere, me),
  'incident in': incident(home),
  'incident in, decided': incident(home, 'other', me),
  'incident in, self': incident(home, me),
  'incident out': incident(elsewhere),
  'item in': item(home),
  'item in, own words': item(home, me),
  'item out': item(elsewhere),
  'exam in': exam(home),
  'exam out': exam(elsewhere),
  'exam out, taught': exam(elsewhere, { authorIds: [me] }),
  'exam out, enrolled': exam(elsewhere, { enrolled: true }),
  'exam out, taught and enrolled': exam(elsewhere, { authorIds: [me], enrolled: true }),
  'org in': { kind: 'org', path: `${home}dept/` },
  'org out': { kind: 'org', path: elsewhere },
  'org above': { kind: 'org', path: '/root/js/' },
  platform: { kind: 'platform' },
} as const satisfies Record<string, Resource>;
type Case = keyof typeof resources;

const taught: Case[] = ['class in, taught', 'class out, taught'];
const enrolled: Case[] = ['class in, enrolled', 'class out, enrolled'];
const classesIn: Case[] = ['class in', 'class in, taught', 'class in, enrolled'];
const self: Case[] = ['person out, self'];
const coursesIn: Case[] = ['course in', 'course in, written'];
const written: Case[] = ['course out, written', 'course in, written'];
const reports: Case[] = [...classesIn, ...coursesIn, 'group in', 'person in', 'org in'];
const examsTaught: Case[] = ['exam out, taught', 'exam out, taught and enrolled'];
const unmasked: Case[] = [...classesIn, 'group in', 'person in'];

/** The whole table. What is not here is refused. */
const allowed: Record<Role, Partial<Record<Action, Case[]>>> = {
  learner: {
    'class.attend': enrolled,
    'class.speak': enrolled,
    'exam.take': ['exam out, enrolled'],
    'course.enrol': self,
    'course.rate': ['course out, enrolled'],
    'course.discuss': ['course out, enrolled'],
    'lesson.watch': ['lesson out, enrolled'],
    'lesson.study': ['lesson out, enrolled'],
    'identity.own': self,
    'report.read': self,
    'personal.unmask': self,
  },
  instructor: {
    'class.speak': taught,
    'class.teach': taught,
    'class.publish': taught,
    'lesson.watch': ['lesson out, taught'],
    'identity.own': self,
    'quiz.prepare': [...taught, ...written],
    'course.manage': written,
    'course.discuss': written,
    'bank.write': written,
    'exam.manage': [...written, ...examsTaught],
    'exam.observe': [...written, ...examsTaught],
    'exam.grade': examsTaught,
    'report.read': [...taught, ...written, ...self],
    'personal.unmask': self,
    'screening.read': taught,
  },
  staff: {
    'class.observe': classesIn,
    'lesson.watch': ['lesson in'],
    'class.recognise': classesIn,
    'class.export': classesIn,
    'class.schedule': [...classesIn, 'org in'],
    'course.manage': [...coursesIn, 'org in'],
    'bank.write': [...coursesIn],
    'bank.review': [...coursesIn, 'item in'],
    'exam.manage': [...coursesIn, 'exam in'],
    'exam.observe': [...coursesIn, 'exam in'],
    'exam.grade': ['exam in'],
    'group.manage': ['group in', 'org in'],
    'report.read': reports,
    'personal.unmask': unmasked,
    'user.manage': ['person in', 'org in'],
    'identity.decide': ['person in', 'org in'],
    'audit.read': [...classesIn, 'org in'],
    'screening.read': [...classesIn, 'org in'],
    'hours.decide': coursesIn,
    'ledger.export': ['org in'],
    'incident.read': ['incident in', 'incident in, decided'],
    'incident.decide': ['incident in'],
    'certificate.issue': ['group in'],
    'certificate.revoke': ['group in'],
  },
  employer: {
    'class.observe': classesIn,
    'lesson.watch': ['lesson in'],
    'class.recognise': classesIn,
    'class.export': classesIn,
    'course.manage': [...coursesIn, 'org in'],
    'bank.write': [...coursesIn],
    'exam.manage': [...coursesIn, 'exam in'],
    'exam.observe': [...coursesIn, 'exam in'],
    'exam.grade': ['exam in'],
    'group.manage': ['group in', 'org in'],
    'report.read': reports,
    'personal.unmask': unmasked,
    'user.manage': ['person in', 'org in'],
  },
  regulator: {
    'class.observe': classesIn,
    'lesson.watch': ['lesson in'],
    'class.recognise': classesIn,
    'class.export': classesIn,
    'report.read': reports,
    'exam.observe': [...coursesIn, 'exam in'],
    'personal.unmask': unmasked,
    'audit.read': [...classesIn, 'org in'],
    'screening.read': [...classesIn, 'org in'],
    'ledger.export': ['org in'],
    'incident.read': ['incident in', 'incident in, decided'],
    'incident.decide': ['incident in'],
    'certificate.revoke': ['group in'],
  },
  expert: {
    'course.review': ['course in'],
    'bank.review': [...coursesIn, 'item in'],
    'report.read': self,
    'personal.unmask': self,
  },
  admin: {
    'class.observe': classesIn,
    'exam.observe': [...coursesIn, 'exam in'],
    'lesson.watch': ['lesson in'],
    'class.schedule': [...classesIn, 'org in'],
    'report.read': [...classesIn, ...coursesIn, 'org in', ...self],
    'personal.unmask': self,
    'user.manage': ['person in', 'org in'],
    'org.manage': ['org in'],
    'policy.manage': [...coursesIn, 'org in'],
    'audit.read': [...classesIn, 'org in'],
    'screening.read': [...classesIn, 'org in'],
    'ledger.export': ['org in'],
    'incident.read': ['incident in', 'incident in, decided'],
  },
};

const actions: Record<Action, true> = {
  'class.attend': true,
  'class.teach': true,
  'class.publish': true,
  'class.speak': true,
  'class.observe': true,
  'class.recognise': true,
  'class.export': true,
  'class.schedule': true,
  'quiz.prepare': true,
  'lesson.watch': true,
  'lesson.study': true,
  'course.manage': true,
  'course.review': true,
  'bank.write': true,
  'bank.review': true,
  'exam.manage': true,
  'exam.take': true,
  'exam.observe': true,
  'exam.grade': true,
  'course.enrol': true,
  'course.rate': true,
  'course.discuss': true,
  'occupation.manage': true,
  'group.manage': true,
  'report.read': true,
  'hours.decide': true,
  'ledger.export': true,
  'personal.unmask': true,
  'user.manage': true,
  'identity.own': true,
  'identity.decide': true,
  'certificate.issue': true,
  'certificate.revoke': true,
  'incident.read': true,
  'incident.decide': true,
  'org.manage': true,
  'policy.manage': true,
  'audit.read': true,
  'screening.read': true,
  'health.read': true,
};
const everyAction = Object.keys(actions) as Action[];
const everyCase = Object.keys(resources) as Case[];

describe('[B10] who may do what', () => {
  it.each(roles.options)('%s, over every action and resource', (role) => {
    for (const action of everyAction) {
      const may = everyCase.filter((name) => can(actor(membership(role)), action, resources[name]));
      expect([action, may.sort()]).toEqual([action, [...(allowed[role][action] ?? [])].sort()]);
    }
  });

  it('nobody at all without a membership', () => {
    for (const action of everyAction) {
      for (const name of everyCase) expect(can(actor(), action, resources[name])).toBe(false);
    }
  });

  it('no supervisor and no administrator is ever heard in a class', () => {
    for (const role of ['staff', 'employer', 'regulator', 'expert', 'admin'] as const) {
      for (const action of ['class.teach', 'class.publish', 'class.speak', 'class.attend'] as const) {
        const resource = liveClass(home, { instructorId: me, enrolled: true });
        expect(can(actor(membership(role, '/')), action, resource)).toBe(false);
      }
    }
  });

  it('[A1] the class’s own instructor teaches it and does not attend it', () => {
    const both = actor(membership('instructor'), membership('learner'));
    const own = liveClass(home, { instructorId: me, enrolled: true });
    expect(can(both, 'class.teach', own)).toBe(true);
    expect(can(both, 'class.attend', own)).toBe(false);
  });

  it('an employer sees a class through its own people, and a regulator through its authority', () => {
    const shared: Resource = {
      kind: 'class',
      orgPaths: [home, '/root/js/emp/'],
      instructorId: 'x',
      enrolled: false,
    };
    expect(can(actor(membership('employer', '/root/js/emp/')), 'class.observe', shared)).toBe(true);
    expect(can(actor(membership('employer', '/root/js/rival/')), 'class.observe', shared)).toBe(false);
    expect(can(actor(membership('regulator', '/root/js/')), 'class.observe', shared)).toBe(true);
    expect(can(actor(membership('regulator', '/root/zj/')), 'class.observe', shared)).toBe(false);
  });

  it('health and platform policy belong to an administrator of the root', () => {
    for (const action of ['health.read', 'policy.manage', 'audit.read'] as const) {
      expect(can(actor(membership('admin', '/root/')), action, { kind: 'platform' })).toBe(true);
      expect(can(actor(membership('admin', '/root/js/')), action, { kind: 'platform' })).toBe(false);
      expect(can(actor(membership('regulator', '/root/')), action, { kind: 'platform' })).toBe(false);
    }
  });

  it('several memberships add up', () => {
    const both = actor(membership('staff'), membership('instructor', elsewhere));
    expect(can(both, 'class.observe', resources['class in'])).toBe(true);
    expect(can(both, 'class.observe', resources['class out'])).toBe(false);
    expect(can(both, 'class.teach', resources['class out, taught'])).toBe(true);
  });
});

describe('accounts', () => {
  it('nobody manages an account that may do what he could not grant', () => {
    const strong: Resource = {
      kind: 'person',
      userId: 'x',
      memberships: [membership('learner'), membership('admin', '/root/')],
    };
    expect(can(actor(membership('staff')), 'user.manage', strong)).toBe(false);
    expect(can(actor(membership('admin')), 'user.manage', strong)).toBe(false);
    expect(can(actor(membership('admin', '/root/')), 'user.manage', strong)).toBe(true);
    expect(can(actor(membership('staff')), 'user.manage', person(home, 'x', 'staff'))).toBe(false);
    expect(can(actor(membership('employer')), 'user.manage', person(home, 'x', 'instructor'))).toBe(false);
  });

  it('an account without a membership is in nobody’s reach', () => {
    const nobody: Resource = { kind: 'person', userId: 'x', memberships: [] };
    expect(can(actor(membership('admin', '/root/')), 'user.manage', nobody)).toBe(false);
  });

  it('staff cannot make an administrator, nor anybody outside their organisation', () => {
    expect(assignableRoles(actor(membership('staff')), `${home}dept/`)).toEqual(['learner', 'instructor']);
    expect(assignableRoles(actor(membership('staff')), '/root/js/')).toEqual([]);
    expect(assignableRoles(actor(membership('employer')), home)).toEqual(['learner']);
    expect(assignableRoles(actor(membership('admin')), home)).toContain('admin');
    expect(assignableRoles(actor(membership('admin')), '/root/')).toEqual([]);
    for (const role of ['learner', 'instructor', 'regulator', 'expert'] as const) {
      expect(assignableRoles(actor(membership(role)), home)).toEqual([]);
    }
  });
});

describe('paths', () => {
  it('cover themselves and what is below, not what merely begins alike', () => {
    expect(covers('/a/', '/a/')).toBe(true);
    expect(covers('/a/', '/a/b/')).toBe(true);
    expect(covers('/a/b/', '/a/')).toBe(false);
    expect(covers('/a/', '/ab/')).toBe(false);
  });

  it('that are malformed cover nothing', () => {
    for (const path of ['', '/a', 'a/', 'a', '//']) expect(covers(path, '/a/b/')).toBe(false);
  });

  it('scopesOf narrows a list to exactly what can would allow by organisation', () => {
    const path = fc
      .array(fc.constantFrom('a', 'b'), { maxLength: 3 })
      .map((names) => ['', ...names, ''].join('/'));
    const some = fc.array(fc.tuple(fc.constantFrom(...roles.options), path), { maxLength: 4 });
    fc.assert(
      fc.property(some, path, fc.constantFrom(...everyAction), (given, orgPath, action) => {
        const who = actor(...given.map(([role, at]) => membership(role, at)));
        const listed = scopesOf(who, action, 'class').some((scope) => orgPath.startsWith(scope));
        expect(listed).toBe(can(who, action, liveClass(orgPath)));
      }),
    );
    expect(
      scopesOf(actor(membership('staff'), membership('regulator', '/root/js/')), 'report.read', 'class'),
    ).toEqual(['/root/js/']);
  });
});
