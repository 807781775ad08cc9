import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seedBank, seedExam } from './exam-steps.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';
import { addLesson } from './study-world.ts';

let web: RunningWeb;
beforeAll(async () => {
  web = await runWeb();
});
afterAll(() => web.close());

it('names a finding by the exam or the lesson it was in, and finds it by that name', async () => {
  const examId = await seedExam(web, await seedBank(web), { title: '结业考试（一）' });
  const lessonId = await addLesson(web);
  const { title } = await web.db.prisma.lesson.findUniqueOrThrow({ where: { id: lessonId } });
  const at = web.clock();
  for (const [kind, contextId] of [
    ['exam', examId],
    ['lesson', lessonId],
  ] as const)
    await web.db.prisma.incident.create({
      data: {
        id: randomUUID(),
        kind,
        contextId,
        userId: web.world.idOf('learner'),
        courseId: web.world.course.id,
        orgPath: web.world.school.path,
        openedAt: new Date(at),
        decideBy: new Date(at + 86_400_000),
        keyId: randomUUID(),
      },
    });
  const token = await tokenOf(web, 'staff');
  const list = async (q?: string) =>
    (
      await call(web, 'listIncidents', { token, query: { filter: 'waiting', ...(q && { q }) } })
    ).body.rows.map((row) => [row.kind, row.title, row.ordinal]);
  expect((await list()).toSorted()).toEqual([
    ['exam', '结业考试（一）', null],
    ['lesson', title, null],
  ]);
  expect(await list('结业考试')).toEqual([['exam', '结业考试（一）', null]]);
  const own = await call(web, 'ownIncidents', { token: await tokenOf(web, 'learner') });
  expect(own.body.rows.map((row) => row.title).toSorted()).toEqual(['结业考试（一）', title].toSorted());
});
