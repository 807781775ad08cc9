import { newId } from '@keshi/db/ids';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedBank, seedExam } from './exam-steps.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

const minute = 60_000;
let web: RunningWeb;
let teacher: string;
beforeAll(async () => {
  web = await runWeb();
  teacher = await tokenOf(web, 'teacher');
});
afterAll(() => web.close());

const partsOf = async (id: string) =>
  (await call(web, 'classCompleteness', { token: teacher, params: { id } })).body;

describe('[A8] what class hours consist of', () => {
  it('is worked out from what happened in the class, the points of its course and its exams', async () => {
    const { course } = web.world;
    const start = Math.floor(web.clock() / minute) * minute - 300 * minute;
    const at = (minutes: number) => new Date(start + minutes * minute);
    const held = await web.db.prisma.liveClass.create({
      data: {
        id: newId(),
        groupId: (await web.db.prisma.classGroup.findFirstOrThrow({ where: { courseId: course.id } })).id,
        instructorId: web.world.idOf('teacher'),
        title: '课时',
        ordinal: 90,
        scheduledStart: at(0),
        scheduledEnd: at(90),
        state: 'ended',
        startedAt: at(0),
        endedAt: at(90),
        liveSpans: { create: [{ from: at(0), to: at(90) }] },
      },
      select: { id: true },
    });
    const ask = (minutes: number | null) =>
      web.db.prisma.quiz.create({
        data: {
          classId: held.id,
          kind: 'truefalse',
          stem: '?',
          options: ['对', '错'],
          correct: [0],
          seconds: 30,
          ...(minutes !== null && {
            openedAt: at(minutes),
            closesAt: at(minutes + 1),
            closedAt: at(minutes + 1),
          }),
        },
      });
    await web.db.prisma.course.update({ where: { id: course.id }, data: { points: [] } });
    await ask(null);
    await ask(20);
    expect(await partsOf(held.id)).toEqual({
      stage: 'held',
      hours: 2,
      lengthMs: 90 * minute,
      leastMs: 45 * minute,
      points: 0,
      questions: 1,
      hoursWithout: [2],
      closing: null,
      lacks: ['points', 'questions', 'closing'],
    });
    await web.db.prisma.course.update({
      where: { id: course.id },
      data: { points: [{ kind: 'skill', text: '验电' }] },
    });
    await ask(60);
    const examId = await seedExam(web, await seedBank(web), { kind: 'quiz', opensAt: start + 91 * minute });
    expect(await partsOf(held.id)).toMatchObject({ points: 1, hoursWithout: [], closing: 'exam', lacks: [] });
    await web.db.prisma.exam.update({ where: { id: examId }, data: { state: 'withdrawn' } });
    expect(await partsOf(held.id)).toMatchObject({ closing: null, lacks: ['closing'] });
    await ask(85);
    expect(await partsOf(held.id)).toMatchObject({ closing: 'question', questions: 3, lacks: [] });
  });

  it('says before a class what is to be prepared', async () => {
    const { stage, lacks } = await partsOf(web.world.coming.id);
    expect(stage).toBe('ahead');
    expect(lacks).toContain('closing');
  });
});
