/** The demonstration's packages: who writes them, what they say, and a lesson that anybody may read. */
import type { Db } from './client.ts';
import { setAuthors } from './course-packages.ts';
import { createChapter, createLesson, updateLesson } from './lessons.ts';

const introduction = `面向初级电工，从电路的基本概念讲到照明线路的安装。

- 看懂简单的电路图
- 选用和检查常用低压电器
- 按规程停电、验电、挂牌上锁`;

const safety = `## 动手之前的五步

1. **停电**：拉开所有可能来电的开关。
2. **验电**：在同电压等级的有电部位确认验电器完好，再逐相验电。
3. **挂接地线**：先接接地端，再接导体端。
4. **挂标示牌**：“禁止合闸，有人工作”。
5. **装设遮栏**：让别人也知道这里有人。

任何一步不能确认，就不开始工作。`;

/** Once: a course that has lessons is left as it is. */
export async function seedDemoPackage(
  db: Db,
  { courseId, instructorId }: { courseId: string; instructorId: string },
): Promise<void> {
  await setAuthors(db, { courseId, userIds: [instructorId] });
  if ((await db.prisma.lesson.count({ where: { courseId } })) > 0) return;
  await db.prisma.course.update({
    where: { id: courseId },
    data: {
      introduction,
      occupationCode: '6-31-01-03',
      packageType: 'professional-basis',
      points: [
        { kind: 'knowledge', text: '电流、电压与电阻' },
        { kind: 'knowledge', text: '常用低压电器的结构与原理' },
        { kind: 'skill', text: '停电、验电、挂牌上锁' },
      ],
    },
    select: { id: true },
  });
  const chapterId = await createChapter(db, { courseId, title: '安全用电' });
  const lesson = await createLesson(db, { courseId, chapterId, title: '动手之前的五步', kind: 'text' });
  const minute = 60_000;
  await updateLesson(db, {
    id: lesson.id,
    version: lesson.version,
    body: safety,
    preview: true,
    declaredMs: 10 * minute,
    minimumMs: 2 * minute,
    completion: 'read',
    state: 'published',
  });
}
