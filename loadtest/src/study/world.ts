/** Learners of one lesson, by the thousand: made in the database at once, logged in, and each with a session of study. */
import { randomUUID } from 'node:crypto';
import type { Db } from '@keshi/db/client';
import { createCourse } from '@keshi/db/courses';
import { createGroup, enrol } from '@keshi/db/groups';
import { newId } from '@keshi/db/ids';
import { createOrganization } from '@keshi/db/organizations';
import { createUsers } from '@keshi/db/users';
import { createTokens } from '@keshi/web-server/auth/tokens';
import { z } from 'zod';
import { benchSecret } from './messages.ts';

export interface StudyPerson {
  userId: string;
  token: string;
}

const hour = 3_600_000;
const peopleAtOnce = 5_000;
const startsAtOnce = 100;

export async function seedStudyWorld(
  db: Db,
  { learners }: { learners: number },
): Promise<{ lessonId: string; people: StudyPerson[] }> {
  const school = await createOrganization(db, { parentId: null, kind: 'institution', name: randomUUID() });
  // Next to nothing is asked: how often people are asked says nothing about what a report costs.
  const policy = { challengeMeanMs: 100 * hour, challengeLongestMs: 200 * hour };
  const course = await createCourse(db, { orgId: school.id, title: '电工基础', policy });
  const group = await createGroup(db, { courseId: course.id, name: '一班' });
  const lessonId = newId();
  await db.prisma.lesson.create({
    data: {
      id: lessonId,
      courseId: course.id,
      ordinal: 1,
      title: '第一课',
      kind: 'video',
      state: 'published',
      durationMs: 20 * hour,
      mediaKey: `lessons/${lessonId}/${newId()}/`,
    },
  });
  const memberships = [{ role: 'learner' as const, orgId: school.id, orgPath: school.path }];
  // Of tokens nothing is renewed here: they hold for as long as the load takes.
  const tokens = createTokens(benchSecret, () => Date.now() + 2 * hour);
  const people: StudyPerson[] = [];
  for (let at = 0; at < learners; at += peopleAtOnce) {
    const count = Math.min(peopleAtOnce, learners - at);
    const { created } = await createUsers(
      db,
      Array.from({ length: count }, (_, n) => ({
        orgId: school.id,
        login: randomUUID(),
        passwordHash: 'none',
        name: `学员${at + n + 1}`,
        memberships: [{ orgId: school.id, role: 'learner' as const }],
      })),
    );
    const userIds = created.map(({ id }) => id);
    await enrol(db, { groupId: group.id, userIds });
    const sids = userIds.map(() => newId());
    const expiresAt = new Date(Date.now() + 24 * hour);
    await db.prisma.loginSession.createMany({
      data: userIds.map((userId, n) => ({
        id: sids[n] ?? '',
        userId,
        refreshHash: sids[n] ?? '',
        expiresAt,
      })),
    });
    for (const [n, userId] of userIds.entries()) {
      const { token } = await tokens.signAccess({ sub: userId, sid: sids[n] ?? '', memberships });
      people.push({ userId, token });
    }
  }
  return { lessonId, people };
}

const started = z.object({ sessionId: z.string() });

/** Each begins to study; answers the sessions in the same order. */
export async function startAll(
  url: string,
  lessonId: string,
  people: readonly StudyPerson[],
): Promise<string[]> {
  const sessions: string[] = [];
  for (let at = 0; at < people.length; at += startsAtOnce)
    sessions.push(
      ...(await Promise.all(
        people.slice(at, at + startsAtOnce).map(async ({ token }) => {
          const answer = await fetch(`${url}/api/study/${lessonId}/start`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}` },
          });
          if (!answer.ok) throw new Error(`a session did not begin: ${answer.status}`);
          return started.parse(await answer.json()).sessionId;
        }),
      )),
    );
  return sessions;
}
