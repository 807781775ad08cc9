/** A class with a thousand learners in the database, and a ticket for each. */
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

export interface Audience {
  readonly classId: string;
  readonly learners: number;
  /** Fresh tickets, two minutes of life each, as the pages' service signs them: the instructor's and the learners'. */
  tickets(): Promise<{ host: string; learners: string[] }>;
}

const hour = 3_600_000;

/** `dataDir` is that of the services: the secrets kept there seal the names and sign the tickets. */
export async function seedAudience({
  dataDir,
  databaseUrl,
  learners,
  log,
}: {
  dataDir: string;
  databaseUrl: string;
  learners: number;
  log: Logger;
}): Promise<Audience> {
  const config = loadConfig({ NODE_ENV: 'development', DATA_DIR: dataDir }, { runs: [] });
  await migrate(databaseUrl);
  const keys = config.piiKeys.map(({ id, key }) => ({ id, secret: key }));
  const db = createDb({ url: databaseUrl, keys, log, poolSize: 5 });
  try {
    const org = await createOrganization(db, { parentId: null, kind: 'institution', name: randomUUID() });
    const person = (name: string, role: 'instructor' | 'learner'): NewUser => ({
      orgId: org.id,
      login: randomUUID(),
      // Nobody logs in: hashing a thousand passwords would take longer than the storm.
      passwordHash: 'none',
      name,
      memberships: [{ orgId: org.id, role }],
    });
    const { created } = await createUsers(db, [
      person('王老师', 'instructor'),
      ...Array.from({ length: learners }, (_, n) => person(`学员${n + 1}`, 'learner')),
    ]);
    const [host, ...people] = created.map(({ id }) => id);
    if (host === undefined || people.length !== learners) throw new Error('not everybody was created');
    const course = await createCourse(db, { orgId: org.id, title: '电工基础' });
    const group = await createGroup(db, { courseId: course.id, name: '一班' });
    await enrol(db, { groupId: group.id, userIds: people });
    const now = Date.now();
    const { id: classId } = await scheduleClass(db, {
      groupId: group.id,
      title: '常用低压电器',
      instructorId: host,
      scheduledStart: now,
      scheduledEnd: now + hour,
    });
    const tokens = createTokens(config.tokenSecret, Date.now);
    const sign = async (sub: string, role: ClassRole, name: string) =>
      (await tokens.signTicket({ sub, sid: randomUUID(), classId, role, name })).token;
    return {
      classId,
      learners,
      tickets: async () => ({
        host: await sign(host, 'host', '王老师'),
        learners: await Promise.all(people.map((id, n) => sign(id, 'attendee', `学员${n + 1}`))),
      }),
    };
  } finally {
    await db.close();
  }
}
