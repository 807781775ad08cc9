import type { Locale } from '@keshi/contract/domain';
import type { GradeRow, GradeSummary } from '@keshi/contract/http/grades';
import { dateTime, type Exporter, type Sheet } from '../attendance/sheet.ts';

const words = {
  'zh-CN': {
    title: '成绩册',
    course: '课程',
    group: '班组',
    summary: '合计',
    sums: (s: GradeSummary) =>
      `${s.learners} 人；结业考试已评 ${s.graded} 人，通过 ${s.passed} 人；课中正确率低于 ${s.minimumRate * 100}% ${s.belowCorrect} 人`,
    names: '姓名',
    masked: '已脱敏',
    exported: '导出',
    number: '序号',
    name: '姓名',
    login: '账号',
    asked: '课中应答',
    correct: '答对',
    rate: '正确率',
    verdict: '课中结论',
    below: '未达标',
    reached: '达标',
    exam: '结业考试',
    share: '得分率',
    outcomes: { none: '无', 'not-taken': '未参加', waiting: '待阅卷', passed: '通过', failed: '未通过' },
    signs: ['授课教师（签字）：', '培训机构（盖章）：', '日期：'],
  },
  en: {
    title: 'Grade book',
    course: 'Course',
    group: 'Group',
    summary: 'Totals',
    sums: (s: GradeSummary) =>
      `${s.learners} learners; final exams graded ${s.graded}, passed ${s.passed}; under ${s.minimumRate * 100}% correct in class ${s.belowCorrect}`,
    names: 'Names',
    masked: 'masked',
    exported: 'Exported',
    number: 'No.',
    name: 'Name',
    login: 'Account',
    asked: 'Asked in class',
    correct: 'Correct',
    rate: 'Correct rate',
    verdict: 'In class',
    below: 'below',
    reached: 'reached',
    exam: 'Final exam',
    share: 'Points',
    outcomes: {
      none: 'none',
      'not-taken': 'not taken',
      waiting: 'to be graded',
      passed: 'passed',
      failed: 'not passed',
    },
    signs: ['Instructor (signature):', 'Institution (seal):', 'Date:'],
  },
} as const;

export const gradesTitle = (lang: Locale): string => words[lang].title;

/** Rounded down to a tenth of a per cent: what was not reached must not look as if it had been. */
const shown = (share: number | null) => (share === null ? null : Math.floor(share * 1000 + 1e-6) / 1000);

export function layOutGrades(
  about: { rows: readonly GradeRow[]; summary: GradeSummary; courseTitle: string; groupName: string },
  lang: Locale,
  exporter: Pick<Exporter, 'name' | 'at'>,
): Sheet {
  const w = words[lang];
  return {
    title: w.title,
    facts: [
      [w.course, about.courseTitle],
      [w.group, about.groupName],
      [w.summary, w.sums(about.summary)],
      [w.names, w.masked],
      [w.exported, `${exporter.name}  ${dateTime(exporter.at)} (UTC+8)`],
    ],
    columns: [
      { title: w.number, kind: 'count', width: 6 },
      { title: w.name, kind: 'text', width: 14 },
      { title: w.login, kind: 'text', width: 18 },
      { title: w.asked, kind: 'count', width: 10 },
      { title: w.correct, kind: 'count', width: 10 },
      { title: w.rate, kind: 'share', width: 10 },
      { title: w.verdict, kind: 'text', width: 10 },
      { title: w.exam, kind: 'text', width: 12 },
      { title: w.share, kind: 'share', width: 10 },
    ],
    rows: about.rows.map((row, index) => [
      index + 1,
      row.name,
      row.login,
      row.quizAsked,
      row.quizCorrect,
      shown(row.correctRate),
      row.correctRate === null ? '' : row.belowCorrect ? w.below : w.reached,
      w.outcomes[row.exam],
      shown(row.examShare),
    ]),
    signatures: [...w.signs],
  };
}
