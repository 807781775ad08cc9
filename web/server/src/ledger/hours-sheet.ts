import type { Locale } from '@keshi/contract/domain';
import type { LearnerCredit } from '@keshi/contract/http/ledger';
import { tenthsOfHours } from '@keshi/rules/settlement';
import { dateTime, type Exporter, type Sheet } from '../attendance/sheet.ts';

const words = {
  'zh-CN': {
    title: '学时汇总表',
    range: '统计范围',
    all: '全部',
    names: '姓名',
    masked: '已脱敏',
    rule: '学时折算',
    ruleText: '保留秒，按课程设定的课时长度折算，取一位小数，不进位',
    exported: '导出',
    number: '序号',
    name: '姓名',
    login: '账号',
    course: '课程',
    group: '班组',
    hours: '学时',
    credited: '计入时长',
    inRange: '范围内计入',
    settled: '已结算课时',
    present: '出勤时长',
    live: '直播时长',
    identity: '身份',
    confirmed: '已核验',
    provisional: '暂计（待核验）',
    subsidy: '补贴资格',
    eligible: '正常',
    ineligible: '已取消',
    signInstitution: '培训机构（盖章）：',
    signBy: '经办人（签字）：',
    signDate: '日期：',
  },
  en: {
    title: 'Credit hours',
    range: 'Range',
    all: 'everything',
    names: 'Names',
    masked: 'masked',
    rule: 'Hours',
    ruleText: 'seconds are kept; shown by the course’s class hour to one decimal, rounded down',
    exported: 'Exported',
    number: 'No.',
    name: 'Name',
    login: 'Account',
    course: 'Course',
    group: 'Group',
    hours: 'Hours',
    credited: 'Credited',
    inRange: 'Credited in range',
    settled: 'Class hours settled',
    present: 'Present',
    live: 'Live time',
    identity: 'Identity',
    confirmed: 'confirmed',
    provisional: 'provisional',
    subsidy: 'Subsidy',
    eligible: 'eligible',
    ineligible: 'not eligible',
    signInstitution: 'Institution (seal):',
    signBy: 'Prepared by (signature):',
    signDate: 'Date:',
  },
} as const;

export const hoursTitle = (lang: Locale): string => words[lang].title;

/** Lays out hours [CH1]; what was taken back stands as zero, never as less. */
export function layOutHours(
  rows: readonly LearnerCredit[],
  lang: Locale,
  { from, to }: { from?: number | undefined; to?: number | undefined },
  exporter: Pick<Exporter, 'name' | 'at'>,
): Sheet {
  const w = words[lang];
  const range =
    from === undefined && to === undefined
      ? w.all
      : [from, to].map((at) => (at === undefined ? '…' : dateTime(at))).join(' – ');
  return {
    title: w.title,
    facts: [
      [w.range, range],
      [w.rule, w.ruleText],
      [w.names, w.masked],
      [w.exported, `${exporter.name}  ${dateTime(exporter.at)} (UTC+8)`],
    ],
    columns: [
      { title: w.number, kind: 'count', width: 6 },
      { title: w.name, kind: 'text', width: 14 },
      { title: w.login, kind: 'text', width: 16 },
      { title: w.course, kind: 'text', width: 22 },
      { title: w.group, kind: 'text', width: 20 },
      { title: w.hours, kind: 'text', width: 8 },
      { title: w.credited, kind: 'duration', width: 12 },
      { title: w.inRange, kind: 'duration', width: 14 },
      { title: w.settled, kind: 'count', width: 12 },
      { title: w.present, kind: 'duration', width: 12 },
      { title: w.live, kind: 'duration', width: 12 },
      { title: w.identity, kind: 'text', width: 14 },
      { title: w.subsidy, kind: 'text', width: 10 },
    ],
    rows: rows.map((row, index) => [
      index + 1,
      row.name,
      row.login,
      row.courseTitle,
      row.groups.join(', '),
      (tenthsOfHours(row.creditedMs, row.classHourMs) / 10).toFixed(1),
      row.creditedMs,
      Math.max(0, row.inRangeMs),
      row.hours,
      row.presentMs,
      row.liveMs,
      row.creditedMs === 0 ? '' : row.provisional ? w.provisional : w.confirmed,
      row.eligible ? w.eligible : w.ineligible,
    ]),
    signatures: [w.signBy, w.signInstitution, w.signDate],
  };
}
