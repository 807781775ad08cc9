/** The people and classes of a load: made in the database at once, and tickets for them as the pages' service signs them. */
import { randomUUID } from 'node:crypto';
import type { ClassRole } from '@keshi/contract/domain';
import { scheduleClass } from '@keshi/db/classes';
import { createDb } from '@keshi/db/client';
import { createCourse } from '@keshi/db/courses';
import { createGroup, enrol } from '@keshi/db/groups';
import { migrate } from '@keshi/db/migrate';
import { createOrganization } from '@keshi/db/organizations';
import { createUsers, type NewUser } from '@keshi/db/users';
import { loadConfig } from '@keshi/runtime/config';
import type { Logger } from '@keshi/runtime/log';
import { createTokens } from '@keshi/web-server/auth/tokens';

export interface WorldOptions {
  /** That of the services: the secrets kept there seal the names and sign the tickets. */
  dataDir: string;
  databaseUrl: string;
  /** How many learners each class has. */
  classes: readonly number[];
  /** Supervisors who watch, one after another over the classes. */
  observers: number;
  heartbeatMs: number | null;
  log: Logger;
}

export interface WorldPerson {
  userId: string;
  name: string;
  role: ClassRole;
}

export interface WorldClass {
  classId: string;
  host: WorldPerson;
  learners: WorldPerson[];
  observers: WorldPerson[];
}

export interface World {
  readonly classes: readonly WorldClass[];
  /** A ticket that lives for that long, however short those of the pages' service live: a storm takes minutes. */
  sign(classId: string, person: WorldPerson, lifeMs: number): Promise<string>;
}

const hourMs = 3_600_000;
/** A beat may be late by half of the time between two. */
const beatsInGap = 1.5;
const peopleAtOnce = 5_000;
/** Classes made at the same time: as many as the pool has connections. */
const classesAtOnce = 5;
/** What the pages' service gives a ticket; only the clock is ours. */
const ticketMs = 2 * 60_000;

export async function seedWorld(options: WorldOptions): Promise<World> {
  const config = loadConfig({ NODE_ENV: 'development', DATA_DIR: options.dataDir }, { runs: [] });
  await migrate(options.databaseUrl);
  const keys = config.piiKeys.map(({ id, key }) => ({ id, secret: key }));
  const db = createDb({ url: options.databaseUrl, keys, log: options.log, poolSize: classesAtOnce });
  try {
    const org = await createOrganization(db, { parentId: null, kind: 'institution', name: randomUUID() });
    const { heartbeatMs } = options;
    const policy: Record<string, number> =
      heartbeatMs === null ? {} : { heartbeatMs, proofGapMs: beatsInGap * heartbeatMs };
    const course = await createCourse(db, { orgId: org.id, title: '电工基础', policy });

    const create = async (role: 'instructor' | 'learner' | 'supervisor', names: readonly string[]) => {
      const ids: string[] = [];
      for (let at = 0; at < names.length; at += peopleAtOnce) {
        const people = names.slice(at, at + peopleAtOnce).map((name): NewUser => ({
          orgId: org.id,
          login: randomUUID(),
          // Nobody logs in: hashing a hundred thousand passwords would take longer than the load.
          passwordHash: 'none',
          name,
          memberships: [{ orgId: org.id, role: role === 'supervisor' ? 'staff' : role }],
        }));
        const { created } = await createUsers(db, people);
        ids.push(...created.map(({ id }) => id));
      }
      if (ids.length !== names.length) throw new Error('not everybody was created');
      const classRole = { instructor: 'host', learner: 'attendee', supervisor: 'observer' } as const;
      return ids.map((userId, n): WorldPerson => ({ userId, name: names[n] ?? '', role: classRole[role] }));
    };

    const named = (what: string, count: number) => Array.from({ length: count }, (_, n) => `${what}${n + 1}`);
    const hosts = await create('instructor', named('教师', options.classes.length));
    const learners = await create(
      'learner',
      named(
        '学员',
        options.classes.reduce((sum, size) => sum + size, 0),
      ),
    );
    const observers = await create('supervisor', named('督导', options.observers));

    let taken = 0;
    const plans = options.classes.map((size, n) => {
      const from = taken;
      taken += size;
      return {
        n,
        learners: learners.slice(from, taken),
        observers: observers.filter((_, at) => at % options.classes.length === n),
      };
    });
    const classes: WorldClass[] = [];
    const now = Date.now();
    for (let at = 0; at < plans.length; at += classesAtOnce)
      classes.push(
        ...(await Promise.all(
          plans.slice(at, at + classesAtOnce).map(async (plan): Promise<WorldClass> => {
            const host = hosts[plan.n];
            if (!host) throw new Error('a class has nobody to teach it');
            const group = await createGroup(db, { courseId: course.id, name: `${plan.n + 1}班` });
            await enrol(db, { groupId: group.id, userIds: plan.learners.map(({ userId }) => userId) });
            const { id: classId } = await scheduleClass(db, {
              groupId: group.id,
              title: '常用低压电器',
              instructorId: host.userId,
              scheduledStart: now,
              scheduledEnd: now + hourMs,
            });
            return { classId, host, learners: plan.learners, observers: plan.observers };
          }),
        )),
      );

    return {
      classes,
      async sign(classId, { userId, name, role }, lifeMs) {
        const tokens = createTokens(config.tokenSecret, () => Date.now() + lifeMs - ticketMs);
        return (await tokens.signTicket({ sub: userId, sid: randomUUID(), classId, role, name })).token;
      },
    };
  } finally {
    await db.close();
  }
}
