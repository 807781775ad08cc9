/** The people of an exam and its paper, made in the database at once; their logins as the pages' service opens them. */
import { randomUUID } from 'node:crypto';
import { scheduleClass } from '@keshi/db/classes';
import { createDb, type Db } from '@keshi/db/client';
import { createCourse } from '@keshi/db/courses';
import { createExam, setExamState } from '@keshi/db/exams';
import { createGroup, enrol } from '@keshi/db/groups';
import { createItems } from '@keshi/db/items';
import { createOrganization } from '@keshi/db/organizations';
import { createUsers } from '@keshi/db/users';
import { itemContent } from '@keshi/contract/items';
import type { Role } from '@keshi/contract/domain';
import { createTokens } from '@keshi/web-server/auth/tokens';
import { loadConfig } from '@keshi/runtime/config';
import type { Logger } from '@keshi/runtime/log';

const hour = 3_600_000;
export const questionsPerPaper = 20;
const questionsInBank = 60;

export interface Candidate {
  userId: string;
  token: string;
}
export interface Cohort {
  db: Db;
  examId: string;
  candidates: Candidate[];
  close(): Promise<void>;
}

/** `dataDir` is that of the services: the secrets kept there seal the names and sign the tokens. */
export async function seedCohort(options: {
  dataDir: string;
  databaseUrl: string;
  size: number;
  log: Logger;
}): Promise<Cohort> {
  const { dataDir, databaseUrl, size, log } = options;
  const config = loadConfig({ NODE_ENV: 'development', DATA_DIR: dataDir }, { runs: [] });
  const keys = config.piiKeys.map(({ id, key }) => ({ id, secret: key }));
  const db = createDb({ url: databaseUrl, keys, log, poolSize: 5 });
  const org = await createOrganization(db, { parentId: null, kind: 'institution', name: randomUUID() });
  const people = async (role: Role, count: number) => {
    const { created } = await createUsers(
      db,
      Array.from({ length: count }, (_, n) => ({
        orgId: org.id,
        login: randomUUID(),
        // Nobody logs in: hashing two thousand passwords would take longer than the exam.
        passwordHash: 'none',
        name: `学员${n + 1}`,
        memberships: [{ orgId: org.id, role }],
      })),
    );
    return created.map(({ id }) => id);
  };
  const [teacherId = ''] = await people('instructor', 1);
  const learnerIds = await people('learner', size);
  const course = await createCourse(db, { orgId: org.id, title: '电工基础' });
  const group = await createGroup(db, { courseId: course.id, name: '一班' });
  await enrol(db, { groupId: group.id, userIds: learnerIds });
  const now = Date.now();
  await scheduleClass(db, {
    groupId: group.id,
    title: '第一课',
    instructorId: teacherId,
    scheduledStart: now,
    scheduledEnd: now + hour,
  });
  await createItems(db, {
    courseId: course.id,
    byId: teacherId,
    state: 'approved',
    drafts: Array.from({ length: questionsInBank }, (_, n) => ({
      lessonId: null,
      contentPoint: '',
      difficulty: 3,
      content: itemContent.parse({
        kind: 'single',
        stem: `第 ${n + 1} 题：断路器的作用是什么？`,
        options: ['计量', '切断电路', '稳压', '照明'],
        correct: [1],
      }),
    })),
  });
  const exam = await createExam(db, {
    courseId: course.id,
    byId: teacherId,
    draft: {
      kind: 'final',
      lessonId: null,
      title: '结业考试',
      opensAt: now - hour,
      closesAt: now + 6 * hour,
      durationMs: 2 * hour,
      attempts: 1,
      passPercent: 60,
      plan: {
        by: 'rule',
        lines: [{ kind: null, contentPoint: null, difficulty: null, count: questionsPerPaper, points: 100 }],
      },
      multiple: 'all-or-nothing',
      show: 'score',
      shuffle: true,
      identity: 'not-required',
    },
  });
  await setExamState(db, { id: exam.id, version: exam.version, state: 'published' });

  const sessions = learnerIds.map((userId) => ({ id: randomUUID(), userId }));
  await db.prisma.loginSession.createMany({
    data: sessions.map(({ id, userId }) => ({
      id,
      userId,
      refreshHash: id,
      expiresAt: new Date(now + 6 * hour),
    })),
  });
  // What the pages' service gives a token, only that it lives for the whole exam.
  const tokens = createTokens(config.tokenSecret, () => Date.now() + 3 * hour);
  const memberships = [{ role: 'learner' as const, orgId: org.id, orgPath: org.path }];
  const candidates = await Promise.all(
    sessions.map(async ({ id, userId }) => ({
      userId,
      token: (await tokens.signAccess({ sub: userId, sid: id, memberships })).token,
    })),
  );
  return { db, examId: exam.id, candidates, close: () => db.close() };
}
