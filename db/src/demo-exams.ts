/** The question bank of the demonstration course, and an exam drawn from it. */
import { itemContent, type ItemContent } from '@keshi/contract/items';
import type { Db } from './client.ts';
import { beginAttempt, onAttempt } from './exam-attempts.ts';
import { storeSaves } from './exam-saves.ts';
import { createExam, setExamState } from './exams.ts';
import { newId } from './ids.ts';
import { createItems } from './items.ts';

const hour = 60 * 60_000;
const day = 24 * hour;

type Said = [point: string, difficulty: number, content: object];

const choose = (stem: string, options: string[], correct: number[], explanation = '') => ({
  kind: correct.length > 1 ? 'multiple' : 'single',
  stem,
  options,
  correct,
  explanation,
});
const judge = (stem: string, correct: boolean, explanation = '') => ({
  kind: 'true-false',
  stem,
  correct,
  explanation,
});
const fill = (stem: string, ...blanks: string[][]) => ({
  kind: 'fill-in',
  stem,
  blanks: blanks.map((accepted) => ({ accepted })),
});

const questions: readonly Said[] = [
  [
    '电路基础',
    1,
    choose(
      '欧姆定律写作哪一个式子？',
      ['$I=\\frac{U}{R}$', '$I=UR$', '$I=\\frac{R}{U}$', '$U=\\frac{I}{R}$'],
      [0],
    ),
  ],
  ['电路基础', 1, choose('电流的单位是？', ['伏特', '安培', '欧姆', '瓦特'], [1])],
  [
    '电路基础',
    2,
    choose(
      '两只 $10\\,\\Omega$ 的电阻并联，总电阻是？',
      ['$20\\,\\Omega$', '$10\\,\\Omega$', '$5\\,\\Omega$', '$2.5\\,\\Omega$'],
      [2],
    ),
  ],
  [
    '电路基础',
    3,
    choose('一只标有“220V 40W”的灯泡，正常工作时的电流约为？', ['0.18 A', '5.5 A', '1.8 A', '0.55 A'], [0]),
  ],
  ['电路基础', 2, judge('串联电路中各处的电流相等。', true)],
  ['电路基础', 2, judge('并联电路中各支路的电压之和等于总电压。', false, '并联各支路的电压相等。')],
  [
    '电路基础',
    1,
    fill('我国照明用电的电压是 ___ 伏，频率是 ___ 赫兹。', ['220', '二百二十'], ['50', '五十']),
  ],
  [
    '电路基础',
    2,
    {
      kind: 'matching',
      stem: '把物理量与它的单位对应起来。',
      pairs: [
        { left: '电压', right: '伏特' },
        { left: '电流', right: '安培' },
        { left: '电阻', right: '欧姆' },
      ],
      spare: ['瓦特'],
    },
  ],
  ['安全用电', 1, choose('我国规定一般情况下的安全电压不超过？', ['12 V', '36 V', '110 V', '220 V'], [1])],
  [
    '安全用电',
    2,
    choose(
      '发现有人触电，首先应当？',
      ['用手拉开触电者', '切断电源', '泼水', '等待救援'],
      [1],
      '先断电，再施救。',
    ),
  ],
  [
    '安全用电',
    2,
    choose('停电作业前必须做的有哪些？', ['验电', '装设接地线', '悬挂标示牌', '关闭门窗'], [0, 1, 2]),
  ],
  [
    '安全用电',
    3,
    choose('下列哪些是触电的形式？', ['单相触电', '两相触电', '跨步电压触电', '静电吸附'], [0, 1, 2]),
  ],
  ['安全用电', 1, judge('湿手可以操作开关。', false)],
  ['安全用电', 2, judge('保护接地可以防止外壳带电伤人。', true)],
  ['安全用电', 3, judge('零线任何时候都不带电。', false, '零线断开或三相不平衡时可能带电。')],
  [
    '安全用电',
    3,
    {
      kind: 'ordering',
      stem: '按正确的顺序排列停电作业的安全措施。',
      entries: ['停电', '验电', '装设接地线', '悬挂标示牌和装设遮栏'],
    },
  ],
  [
    '安全用电',
    4,
    {
      kind: 'short-answer',
      stem: '说明在低压配电线路上工作前为什么一定要验电，以及怎样验电。',
      rubric: [
        { text: '说明防止误送电、反送电', points: 2 },
        { text: '先在有电处检验验电器', points: 1 },
        { text: '逐相验电', points: 1 },
      ],
      sample:
        '验电是为了确认设备确已无电，防止误送电或反送电伤人。先在有电部位确认验电器良好，再对各相逐一验电。',
    },
  ],
  [
    '低压电器',
    1,
    choose('熔断器在电路中的作用是？', ['过载和短路保护', '调节电压', '测量电流', '储存电能'], [0]),
  ],
  [
    '低压电器',
    2,
    choose('交流接触器的主要部分有哪些？', ['电磁系统', '触头系统', '灭弧装置', '变速箱'], [0, 1, 2]),
  ],
  [
    '低压电器',
    2,
    choose('热继电器主要用于电动机的？', ['短路保护', '过载保护', '失压保护', '漏电保护'], [1]),
  ],
  ['低压电器', 3, choose('漏电保护器动作电流的常用值是？', ['3 A', '300 mA', '30 mA', '3 mA'], [2])],
  ['低压电器', 2, judge('刀开关可以频繁地带负荷操作。', false)],
  ['低压电器', 1, judge('断路器既能接通电路，也能在故障时自动断开。', true)],
  ['低压电器', 2, fill('热继电器的整定电流一般按电动机 ___ 电流选取。', ['额定', '额定工作'])],
  ['照明线路', 1, choose('单控开关应当接在？', ['零线上', '相线上', '地线上', '哪里都可以'], [1])],
  [
    '照明线路',
    2,
    choose('插座接线的规则是？', ['左零右相上接地', '左相右零上接地', '左地右相', '不分左右'], [0]),
  ],
  [
    '照明线路',
    3,
    choose('两地控制一盏灯需要？', ['两只单控开关', '两只双控开关', '一只三控开关', '一只接触器'], [1]),
  ],
  ['照明线路', 2, judge('白炽灯的螺口灯座，相线应当接在中心触点上。', true)],
  ['照明线路', 2, fill('导线的颜色：保护接地线用 ___ 双色。', ['黄绿', '黄、绿', '绿黄'])],
  [
    '照明线路',
    3,
    {
      kind: 'ordering',
      stem: '按顺序排列安装一只插座的步骤。',
      entries: ['断开电源', '验电', '接线', '固定面板', '通电测试'],
    },
  ],
];

export interface DemoExam {
  courseId: string;
  teacherId: string;
  learnerIds: readonly string[];
  now: number;
}

/** What is there stays; one exam of the course is always open. */
export async function seedDemoExams(db: Db, of: DemoExam): Promise<void> {
  const { courseId, teacherId, now } = of;
  if ((await db.prisma.bankItem.count({ where: { courseId } })) === 0)
    await createItems(db, {
      courseId,
      byId: teacherId,
      state: 'approved',
      drafts: questions.map(([contentPoint, difficulty, content]) => ({
        lessonId: null,
        contentPoint,
        difficulty,
        content: itemContent.parse(content) satisfies ItemContent,
      })),
    });
  const open = await db.prisma.exam.count({
    where: { courseId, state: 'published', closesAt: { gt: new Date(now + hour) } },
  });
  if (open === 0) await seedFinal(db, of);
  await seedPastQuiz(db, of);
}

async function seedFinal(db: Db, { courseId, teacherId, now }: DemoExam): Promise<void> {
  const line = (
    contentPoint: string | null,
    kind: 'single' | 'multiple' | 'true-false' | null,
    count: number,
  ) => ({
    kind,
    contentPoint,
    difficulty: null,
    count,
    points: 1000,
  });
  const exam = await createExam(db, {
    courseId,
    byId: teacherId,
    draft: {
      kind: 'final',
      lessonId: null,
      title: '电工基础结业考试',
      opensAt: Math.floor((now - hour) / hour) * hour,
      closesAt: Math.ceil((now + 14 * day) / hour) * hour,
      durationMs: hour,
      attempts: 2,
      passPercent: 60,
      plan: {
        by: 'rule',
        lines: [
          line('安全用电', 'single', 2),
          line('电路基础', 'single', 2),
          line('低压电器', 'single', 1),
          line(null, 'multiple', 2),
          line(null, 'true-false', 2),
          { kind: 'fill-in', contentPoint: null, difficulty: null, count: 1, points: 1000 },
        ],
      },
      multiple: 'partial',
      show: 'answers',
      shuffle: true,
      identity: 'not-required',
    },
  });
  await setExamState(db, { id: exam.id, version: exam.version, state: 'published' });
}

/** A test of yesterday that everybody took: something to look at for who marks. */
async function seedPastQuiz(db: Db, { courseId, teacherId, learnerIds, now }: DemoExam): Promise<void> {
  if ((await db.prisma.exam.count({ where: { courseId, kind: 'quiz' } })) > 0) return;
  const asked = await db.sql<{ itemId: string; revision: number; correct: boolean }>(
    `SELECT i."id" AS "itemId", r."revision", (r."content"->>'correct')::boolean AS "correct" FROM "BankItem" i
     JOIN "BankItemRevision" r ON r."itemId" = i."id" AND r."revision" = i."revision"
     WHERE i."courseId" = $1 AND i."kind" = 'true-false' AND i."state" = 'approved' ORDER BY i."id" LIMIT 5`,
    [courseId],
  );
  if (asked.length === 0) return;
  const points = 2000;
  const start = Math.floor((now - day) / hour) * hour;
  const exam = await createExam(db, {
    courseId,
    byId: teacherId,
    draft: {
      kind: 'quiz',
      lessonId: null,
      title: '安全用电小测',
      opensAt: start,
      closesAt: start + hour,
      durationMs: hour / 2,
      attempts: 1,
      passPercent: 60,
      plan: { by: 'fixed', questions: asked.map(({ itemId }) => ({ itemId, points })) },
      multiple: 'all-or-nothing',
      show: 'answers',
      shuffle: false,
      identity: 'not-required',
    },
  });
  const { version } = await setExamState(db, { id: exam.id, version: exam.version, state: 'published' });
  const most = asked.length * points;
  for (const [n, userId] of learnerIds.entries()) {
    const startedAt = start + n * 20_000;
    const attempt = await beginAttempt(db, {
      id: newId(startedAt),
      examId: exam.id,
      examVersion: version,
      userId,
      number: 1,
      seed: userId,
      paper: asked.map(({ itemId, revision }) => ({
        itemId,
        revision,
        kind: 'true-false',
        points,
        shown: [],
      })),
      most,
      startedAt,
      deadline: startedAt + hour / 2,
      writerSid: newId(startedAt),
      checkDueAt: null,
      recognised: false,
    });
    // One misses the first, the next two of them, and so on, and then again from none.
    const misses = (position: number) => position < n % (asked.length + 1);
    const answeredAt = startedAt + 5 * 60_000;
    await storeSaves(
      db,
      [
        {
          attemptId: attempt.id,
          sid: attempt.writerSid,
          lease: attempt.lease,
          sequence: 1,
          visible: true,
          at: startedAt + 20_000,
          answers: asked.map(({ correct }, position) => ({
            position,
            answer: { kind: 'true-false', value: misses(position) ? !correct : correct },
          })),
        },
      ],
      () => 'accepted',
      { lostAfterMs: Infinity },
    );
    const lines = asked.map(({ revision }, position) => ({
      position,
      points,
      revision,
      earned: misses(position) ? 0 : points,
      by: 'rule' as const,
      note: '',
    }));
    const earned = lines.reduce((sum, line) => sum + line.earned, 0);
    await onAttempt(db, attempt.id, () =>
      Promise.resolve({
        end: { at: answeredAt, cause: 'submitted' },
        grading: {
          at: answeredAt,
          byId: null,
          cause: 'automatic',
          reason: '',
          earned,
          most,
          waiting: 0,
          passed: earned * 100 >= most * 60,
          lines,
        },
      }),
    );
  }
}
