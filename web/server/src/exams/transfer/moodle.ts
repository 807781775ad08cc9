/**
 * Moodle's XML for the kinds both know: multichoice (single and multiple), truefalse, shortanswer (a fill-in of one blank),
 * matching, ordering, essay (a short answer).
 */
import type { ImportProblem } from '@keshi/contract/http/items';
import { itemContent, type ItemContent } from '@keshi/contract/items';
import type { ReadItem } from './item-table.ts';
import { mediaMarkup, readFiles } from './moodle-files.ts';
import { all, child, type Element, parseXml } from '../../xml.ts';
import { escaped, wordsOf } from './moodle-xml.ts';
import type { TransferAnswer } from './transfer.ts';

const shareOf = (answer: Element) => Number(answer.attributes['fraction'] ?? 0);

function saidOf(question: Element): object | ImportProblem {
  const answers = all(question, 'answer');
  const stem = wordsOf(child(question, 'questiontext'));
  switch (question.attributes['type']) {
    case 'multichoice': {
      const right = answers.flatMap((answer, place) => (shareOf(answer) > 0 ? [place] : []));
      const one = child(question, 'single')?.text.trim() !== 'false';
      return { kind: one ? 'single' : 'multiple', options: answers.map(wordsOf), correct: right };
    }
    case 'truefalse': {
      const right = answers.find((answer) => shareOf(answer) > 0);
      return right
        ? { kind: 'true-false', correct: wordsOf(right).toLowerCase() === 'true' }
        : 'wrong-answer';
    }
    case 'shortanswer': {
      const accepted = answers.filter((answer) => shareOf(answer) >= 100).map(wordsOf);
      const exactCase = child(question, 'usecase')?.text.trim() === '1';
      return {
        kind: 'fill-in',
        stem: /_{3,}/.test(stem) ? stem : `${stem} ___`,
        blanks: [{ accepted }],
        exactCase,
      };
    }
    case 'matching': {
      const pairs = all(question, 'subquestion').map((one) => ({
        left: wordsOf(one),
        right: wordsOf(child(one, 'answer')),
      }));
      return {
        kind: 'matching',
        pairs: pairs.filter(({ left }) => left !== ''),
        spare: pairs.filter(({ left }) => left === '').map(({ right }) => right),
      };
    }
    case 'ordering':
      return { kind: 'ordering', entries: answers.map(wordsOf) };
    case 'essay': {
      const sample = wordsOf(child(question, 'graderinfo'));
      return {
        kind: 'short-answer',
        sample,
        rubric: [{ text: sample.slice(0, 500) || stem.slice(0, 500), points: 1 }],
      };
    }
    default:
      return 'unknown-kind';
  }
}

/** Questions by their place in the file, from 1; categories are no questions. */
export function readMoodle(xml: string): TransferAnswer {
  const quiz = child(parseXml(xml) ?? undefined, 'quiz');
  if (!quiz) return { ok: false };
  const items: { row: number; item: ReadItem }[] = [];
  const errors: { row: number; problem: ImportProblem }[] = [];
  const questions = all(quiz, 'question').filter(({ attributes }) => attributes['type'] !== 'category');
  questions.forEach((question, index) => {
    const row = index + 1;
    const said = saidOf(question);
    if (typeof said === 'string') return errors.push({ row, problem: said });
    const stem = wordsOf(child(question, 'questiontext'));
    const explanation = wordsOf(child(question, 'generalfeedback'));
    const parsed = itemContent.safeParse({ stem, explanation, ...said });
    const files = readFiles(child(question, 'questiontext'));
    if (typeof files === 'string') return errors.push({ row, problem: files });
    if (parsed.success)
      return items.push({ row, item: { content: parsed.data, contentPoint: '', difficulty: 3, files } });
    return errors.push({ row, problem: stem === '' ? 'missing-stem' : 'wrong-answer' });
  });
  return { ok: true, items, errors };
}

/** Written twice over: Moodle reads HTML out of the XML. */
const textOf = (text: string) => `<text>${escaped(escaped(text).replaceAll('\n', '<br/>'))}</text>`;
const plain = (text: string) => `<text>${escaped(text)}</text>`;

/** Whether Moodle has such a question. */
export function fitsMoodle(content: ItemContent): boolean {
  return content.kind !== 'fill-in' || content.blanks.length === 1;
}

/** @param files of every picture and sound by its key */
export function writeMoodle(items: readonly ReadItem[], files: ReadonlyMap<string, Uint8Array>): string {
  const questions = items.map(({ content }) => questionOf(content, files)).filter((text) => text !== '');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n${questions.join('\n')}\n</quiz>\n`;
}

function questionOf(content: ItemContent, files: ReadonlyMap<string, Uint8Array>): string {
  const [type, parts] = partsOf(content);
  if (type === null) return '';
  const media = mediaMarkup(content.media, files);
  const asked = `${escaped(content.stem).replaceAll('\n', '<br/>')}${media.html}`;
  return [
    `<question type="${type}">`,
    `<name>${plain(content.stem.slice(0, 60))}</name>`,
    `<questiontext format="html"><text>${escaped(asked)}</text>${media.files}</questiontext>`,
    `<generalfeedback format="html">${textOf(content.explanation)}</generalfeedback>`,
    ...parts,
    '</question>',
  ].join('\n');
}

const answerOf = (fraction: number, text: string) =>
  `<answer fraction="${fraction}" format="html">${textOf(text)}</answer>`;

function partsOf(content: ItemContent): [string, string[]] | [null, string[]] {
  switch (content.kind) {
    case 'single':
    case 'multiple': {
      const share = Math.round((100 / content.correct.length) * 100_000) / 100_000;
      const options = content.options.map((text, place) =>
        answerOf(content.correct.includes(place) ? share : 0, text),
      );
      return ['multichoice', [`<single>${content.kind === 'single'}</single>`, ...options]];
    }
    case 'true-false':
      return [
        'truefalse',
        [answerOf(content.correct ? 100 : 0, 'true'), answerOf(content.correct ? 0 : 100, 'false')],
      ];
    case 'fill-in':
      if (!fitsMoodle(content)) return [null, []];
      return [
        'shortanswer',
        [
          `<usecase>${content.exactCase ? 1 : 0}</usecase>`,
          ...(content.blanks[0]?.accepted ?? []).map((text) => answerOf(100, text)),
        ],
      ];
    case 'ordering':
      return ['ordering', content.entries.map((text) => answerOf(100, text))];
    case 'matching':
      return [
        'matching',
        [...content.pairs, ...content.spare.map((right) => ({ left: '', right }))].map(
          ({ left, right }) =>
            `<subquestion format="html">${textOf(left)}<answer>${plain(right)}</answer></subquestion>`,
        ),
      ];
    case 'short-answer':
      return ['essay', [`<graderinfo format="html">${textOf(content.sample)}</graderinfo>`]];
  }
}
