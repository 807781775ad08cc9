/** The pages' service over a real database and real HTTP, with a clock that its caller moves: an hour of study in seconds. */
import { routes, type RouteName, type Routes } from '@keshi/contract/http/routes';
import type { Route, RouteReply } from '@keshi/contract/http/route';
import { createCourse } from '@keshi/db/courses';
import { createGroup, enrol } from '@keshi/db/groups';
import { newId } from '@keshi/db/ids';
import { createOrganization } from '@keshi/db/organizations';
import { testDatabase } from '@keshi/db/testing/database';
import { testVault } from '@keshi/db/testing/vault';
import { createUsers } from '@keshi/db/users';
import { createLogger } from '@keshi/runtime/log';
import { createMemoryState } from '@keshi/runtime/state/memory/state';
import { createPasswords } from '@keshi/web-server/auth/passwords';
import { openBenchWeb } from '../bench-web.ts';

const password = 'correct horse battery';

export interface Reply<K extends RouteName> {
  status: number;
  code: string | null;
  body: RouteReply<Routes[K]>;
}

export async function openStudyServer({ learners }: { learners: number }) {
  const [database, vault] = await Promise.all([testDatabase(), testVault()]);
  const { db } = database;
  const log = createLogger({ name: 'attack', level: 'silent', format: 'json' });
  // Stands still but for its caller: what is credited does not depend on how fast this machine is.
  let now = Date.now();
  const clock = () => now;
  const state = createMemoryState({ log });
  const web = await openBenchWeb({
    ...{ db, state, vault: vault.vault, judge: null, log, clock },
    tokenSecret: 'a secret for attacks on nobody else than ourselves',
    env: 'test',
  });
  const { url } = web;

  const school = await createOrganization(db, { parentId: null, kind: 'institution', name: '学校' });
  const passwordHash = await (await createPasswords()).hash(password);
  const logins = Array.from({ length: learners }, (_, n) => `learner${n + 1}`);
  const { created } = await createUsers(
    db,
    logins.map((login) => ({
      orgId: school.id,
      login,
      passwordHash,
      name: login,
      memberships: [{ orgId: school.id, role: 'learner' as const }],
    })),
  );
  const course = await createCourse(db, { orgId: school.id, title: '电工基础' });
  const group = await createGroup(db, { courseId: course.id, name: '一班' });
  await enrol(db, { groupId: group.id, userIds: created.map(({ id }) => id) });

  async function call<K extends RouteName>(
    name: K,
    input: { token?: string; params?: Record<string, string>; body?: unknown } = {},
  ): Promise<Reply<K>> {
    const route: Route = routes[name];
    const path = route.path.replace(/:(\w+)/g, (_, key: string) => input.params?.[key] ?? '');
    const response = await fetch(`${url}${path}`, {
      method: route.method,
      headers: {
        'content-type': 'application/json',
        ...(input.token === undefined ? {} : { authorization: `Bearer ${input.token}` }),
      },
      ...(route.method === 'GET' ? {} : { body: JSON.stringify(input.body ?? {}) }),
    });
    const json: unknown = await response.json().catch(() => null);
    if (response.ok && route.reply)
      return {
        status: response.status,
        code: null,
        body: route.reply.parse(json) as RouteReply<Routes[K]>,
      };
    return {
      status: response.status,
      code: String(Object(Object(json).error).code ?? ''),
      body: undefined as RouteReply<Routes[K]>,
    };
  }

  let ordinal = 0;
  return {
    url,
    db,
    clock,
    call,
    /** Server time jumps ahead. */
    pass(ms: number) {
      now += ms;
    },
    async logIn(login: string): Promise<string> {
      const reply = await call('login', { body: { login, password } });
      if (reply.status !== 200) throw new Error(`login: ${reply.code}`);
      return reply.body.accessToken;
    },
    async lesson(lengthMs: number, items = 0): Promise<string> {
      const id = newId();
      ordinal += 1;
      await db.prisma.lesson.create({
        data: {
          id,
          courseId: course.id,
          ordinal,
          title: `第 ${ordinal} 课`,
          kind: 'video',
          state: 'published',
          durationMs: lengthMs,
          mediaKey: `lessons/${id}/${newId()}/`,
        },
      });
      for (let n = 0; n < items; n++) {
        const itemId = newId();
        const data = { id: itemId, courseId: course.id, lessonId: id, state: 'approved', kind: 'single' };
        await db.prisma.bankItem.create({ data });
        const content = {
          kind: 'single',
          stem: `第 ${n + 1} 题`,
          options: ['甲', '乙', '丙', '丁', '戊', '己'],
          correct: [n % 6],
        };
        await db.prisma.bankItemRevision.create({
          data: { itemId, revision: 1, content, createdById: newId() },
        });
      }
      return id;
    },
    async close() {
      await web.close();
      await state.close();
      await Promise.all([database.close(), vault.close()]);
    },
  };
}
export type StudyServer = Awaited<ReturnType<typeof openStudyServer>>;
