/** Questions as rows of a sheet: one column each for what a kind needs, eight for its options. */
import type { ImportProblem } from '@keshi/contract/http/items';
import { itemContent, type ItemContent, type ItemKind } from '@keshi/contract/items';

export const columns = [
  '题型',
  '题干',
  ...['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'].map((letter) => `选项${letter}`),
  '答案',
  '知识点',
  '难度',
  '解析',
] as const;

const kindNames: Readonly<Record<ItemKind, string>> = {
  single: '单选题',
  multiple: '多选题',
  'true-false': '判断题',
  'fill-in': '填空题',
  ordering: '排序题',
  matching: '匹配题',
  'short-answer': '简答题',
};
const kindOf = new Map<string, ItemKind>();
for (const [kind, name] of Object.entries(kindNames) as [ItemKind, string][]) {
  kindOf.set(name, kind);
  kindOf.set(name.replace('题', ''), kind);
  kindOf.set(kind, kind);
}
const truths = new Map<string, boolean>([
  ...['对', '正确', '√', 'true', 't', 'yes', '是'].map((word) => [word, true] as const),
  ...['错', '错误', '×', 'false', 'f', 'no', '否'].map((word) => [word, false] as const),
]);

export interface ReadItem {
  content: ItemContent;
  contentPoint: string;
  difficulty: number;
  /** Pictures and sounds as the file has them: what is stored of them belongs to the content. */
  files?: readonly ReadFile[];
}
export interface ReadFile {
  bytes: Uint8Array;
  description: string;
}

type Read = { ok: true; item: ReadItem } | { ok: false; problem: ImportProblem };
const wrong = (problem: ImportProblem): Read => ({ ok: false, problem });

const most = 40_000;
const split = (text: string, sign: string) =>
  text
    .split(sign)
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** What a row says. A row without a stem, a kind or anything else is not asked about. */
export function readRow(row: readonly string[]): Read {
  const cell = (index: number) => (row[index] ?? '').trim();
  if (row.some((text) => text.length > most)) return wrong('too-long');
  const kind = kindOf.get(cell(0).toLowerCase());
  if (!kind) return wrong('unknown-kind');
  const stem = cell(1);
  if (stem === '') return wrong('missing-stem');
  const options = row.slice(2, 10).map((text) => text.trim());
  while (options.at(-1) === '') options.pop();
  const level = cell(12) === '' ? 3 : Number(cell(12));
  if (!Number.isInteger(level) || level < 1 || level > 5) return wrong('wrong-difficulty');
  const said = saidOf(kind, options, cell(10));
  if (!said) return wrong('wrong-answer');
  const parsed = itemContent.safeParse({ kind, stem, explanation: cell(13), ...said });
  if (!parsed.success) return wrong(problemOf(parsed.error.issues));
  const contentPoint = cell(11);
  if (contentPoint.length > 120) return wrong('too-long');
  return { ok: true, item: { content: parsed.data, contentPoint, difficulty: level } };
}

function problemOf(issues: readonly { code?: string; path: readonly PropertyKey[] }[]): ImportProblem {
  if (issues.some(({ code }) => code === 'too_big')) return 'too-long';
  const about = issues[0]?.path[0];
  return about === 'options' || about === 'entries' || about === 'pairs' || about === 'rubric'
    ? 'wrong-options'
    : 'wrong-answer';
}

/** Null when the answer cannot be read. */
function saidOf(kind: ItemKind, options: readonly string[], answer: string): object | null {
  switch (kind) {
    case 'single':
    case 'multiple': {
      const letters = [...answer.toUpperCase().replace(/[\s,，、;；]/g, '')];
      const correct = letters.map((letter) => letter.charCodeAt(0) - 65);
      return letters.length > 0 && correct.every((place) => place >= 0 && place < 8)
        ? { options, correct: correct.toSorted((a, b) => a - b) }
        : null;
    }
    case 'true-false': {
      const correct = truths.get(answer.toLowerCase());
      return correct === undefined ? null : { correct };
    }
    case 'fill-in':
      return answer === ''
        ? null
        : { blanks: answer.split(/[;；]/).map((forms) => ({ accepted: split(forms, '|') })) };
    case 'ordering':
      return { entries: options };
    case 'matching':
      return {
        pairs: options.map((option) => {
          const [left = '', ...right] = option.split('=');
          return { left, right: right.join('=') };
        }),
        spare: split(answer, '|'),
      };
    case 'short-answer':
      return {
        sample: answer,
        rubric: options.map((option) => {
          const [, text = option, points = '1'] = /^(.*)=(\d+)$/.exec(option) ?? [];
          return { text, points: Number(points) };
        }),
      };
  }
}

/** A question as a row. */
export function rowOf({ content, contentPoint, difficulty }: ReadItem): string[] {
  const [options, answer] = partsOf(content);
  const filled = Array.from({ length: 8 }, (_, place) => options[place] ?? '');
  const { kind, stem, explanation } = content;
  return [kindNames[kind], stem, ...filled, answer, contentPoint, String(difficulty), explanation];
}

function partsOf(content: ItemContent): [readonly string[], string] {
  switch (content.kind) {
    case 'single':
    case 'multiple':
      return [content.options, content.correct.map((place) => String.fromCodePoint(65 + place)).join('')];
    case 'true-false':
      return [[], content.correct ? '对' : '错'];
    case 'fill-in':
      return [[], content.blanks.map(({ accepted }) => accepted.join('|')).join(';')];
    case 'ordering':
      return [content.entries, ''];
    case 'matching':
      return [content.pairs.map(({ left, right }) => `${left}=${right}`), content.spare.join('|')];
    case 'short-answer':
      return [content.rubric.map(({ text, points }) => `${text}=${points}`), content.sample];
  }
}

/** Whether a row loses something of the question: more entries than columns, or signs that part them. */
export function fitsRow(content: ItemContent): boolean {
  const again = readRow(rowOf({ content, contentPoint: '', difficulty: 3 }));
  return again.ok && JSON.stringify(again.item.content) === JSON.stringify({ ...content, media: [] });
}

/** What a template shows of each kind. */
export const examples: readonly (readonly string[])[] = [
  [
    '单选题',
    '我国规定的安全电压是？',
    '12V',
    '36V',
    '220V',
    '',
    '',
    '',
    '',
    '',
    'B',
    '安全用电',
    '2',
    '不超过 36V。',
  ],
  ['多选题', '停电作业要做什么？', '验电', '挂牌', '唱歌', '', '', '', '', '', 'AB', '安全用电', '3', ''],
  ['判断题', '零线不带电。', '', '', '', '', '', '', '', '', '错', '安全用电', '2', ''],
  [
    '填空题',
    '照明电压是 ___ 伏，频率是 ___ 赫兹。',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    '220|二百二十;50',
    '电路基础',
    '1',
    '',
  ],
  [
    '排序题',
    '按顺序排列（选项按正确顺序填写）',
    '停电',
    '验电',
    '挂牌',
    '',
    '',
    '',
    '',
    '',
    '',
    '安全用电',
    '3',
    '',
  ],
  [
    '匹配题',
    '连线（左=右；答案列填多余的右边选项）',
    '电压=伏',
    '电流=安',
    '',
    '',
    '',
    '',
    '',
    '',
    '欧',
    '电路基础',
    '2',
    '',
  ],
  [
    '简答题',
    '为什么要验电？（要点=比重；答案列填参考答案）',
    '防止误送电=2',
    '逐相验电=1',
    '',
    '',
    '',
    '',
    '',
    '',
    '确认无电。',
    '安全用电',
    '4',
    '',
  ],
];
