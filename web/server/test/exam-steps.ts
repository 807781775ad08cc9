/** Steps of exams that several tests take. */
import type { AttemptPaper } from '@keshi/contract/http/exams';
import type { PaperPlan } from '@keshi/contract/exams';
import { itemContent, type ItemAnswer, type ItemContent } from '@keshi/contract/items';
import { createItems } from '@keshi/db/items';
import { createExam, type ExamDraft, setExamState } from '@keshi/db/exams';
import { call, type RunningWeb } from './running-web.ts';

export const minute = 60_000;

/** Words that stand in no question as it is shown: whoever reads them knows what is right. */
export const secrets = { explanation: '解析机密', sample: '参考机密', rubric: '要点机密' } as const;

export const contents: readonly ItemContent[] = [
  { kind: 'single', stem: '安全电压是？', options: ['12V', '36V', '220V'], correct: [1] },
  { kind: 'multiple', stem: '停电作业要做什么？', options: ['验电', '挂牌', '唱歌'], correct: [0, 1] },
  { kind: 'true-false', stem: '零线不带电。', correct: false },
  { kind: 'fill-in', stem: '照明电压是 ___ 伏', blanks: [{ accepted: ['220', '二百二十'] }] },
  { kind: 'ordering', stem: '按顺序排列', entries: ['验电', '停电', '挂牌'] },
  {
    kind: 'matching',
    stem: '连线',
    pairs: [
      { left: '电压', right: '伏' },
      { left: '电流', right: '安' },
    ],
    spare: ['欧'],
  },
  {
    kind: 'short-answer',
    stem: '为什么要验电？',
    rubric: [{ text: secrets.rubric, points: 1 }],
    sample: secrets.sample,
  },
].map((content) => itemContent.parse({ ...content, explanation: secrets.explanation }));

/** What is right for each of them. */
export const rightAnswers: readonly ItemAnswer[] = [
  { kind: 'single', choice: [1] },
  { kind: 'multiple', choice: [0, 1] },
  { kind: 'true-false', value: false },
  { kind: 'fill-in', texts: ['220'] },
  {
    kind: 'ordering',
    order: ['验电', '停电', '挂牌'].map((entry) => ['停电', '挂牌', '验电'].toSorted().indexOf(entry)),
  },
  { kind: 'matching', matches: ['伏', '安'].map((right) => ['伏', '安', '欧'].toSorted().indexOf(right)) },
  { kind: 'short-answer', text: '防止误送电。' },
];

/** Approved questions in the bank of the world's course. */
export async function seedBank(web: RunningWeb, of: readonly ItemContent[] = contents): Promise<string[]> {
  return createItems(web.db, {
    courseId: web.world.course.id,
    byId: web.world.idOf('teacher'),
    drafts: of.map((content) => ({ content, lessonId: null, contentPoint: '', difficulty: 3 })),
    state: 'approved',
  });
}

/** A published exam of these questions, one mark each, in their order. */
export async function seedExam(
  web: RunningWeb,
  itemIds: readonly string[],
  changed: Partial<ExamDraft> = {},
): Promise<string> {
  const now = web.clock();
  const plan: PaperPlan = { by: 'fixed', questions: itemIds.map((itemId) => ({ itemId, points: 100 })) };
  const exam = await createExam(web.db, {
    courseId: web.world.course.id,
    byId: web.world.idOf('teacher'),
    draft: {
      kind: 'final',
      lessonId: null,
      title: '结业考试',
      opensAt: now - minute,
      closesAt: now + 60 * minute,
      durationMs: 30 * minute,
      attempts: 1,
      passPercent: 60,
      plan,
      multiple: 'all-or-nothing',
      show: 'answers',
      shuffle: false,
      identity: 'not-required',
      ...changed,
    },
  });
  await setExamState(web.db, { id: exam.id, version: exam.version, state: 'published' });
  return exam.id;
}

/** Opens the exam on a page of its own; the attempt must be open to it. */
export async function openPaper(
  web: Pick<RunningWeb, 'url'>,
  token: string,
  examId: string,
): Promise<AttemptPaper> {
  const answer = await call(web, 'openAttempt', { token, params: { id: examId } });
  if (answer.status !== 200 || answer.body.state !== 'open')
    throw new Error(`the exam did not open: ${answer.error?.code ?? 'held'}`);
  return answer.body.paper;
}

let sequence = 0;
export const nextSequence = () => (sequence += 1);

/** Saves answers by their positions. */
export function save(
  web: Pick<RunningWeb, 'url'>,
  token: string,
  paper: Pick<AttemptPaper, 'id' | 'lease'>,
  answers: Readonly<Record<number, ItemAnswer | null>>,
  of: { sequence?: number; visible?: boolean } = {},
) {
  return call(web, 'saveAnswers', {
    token,
    params: { id: paper.id },
    body: {
      lease: paper.lease,
      sequence: of.sequence ?? nextSequence(),
      visible: of.visible ?? true,
      answers: Object.entries(answers).map(([position, answer]) => ({ position: Number(position), answer })),
    },
  });
}
