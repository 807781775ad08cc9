import type { BoardTotals, Locale } from '@keshi/contract/domain';

interface Words {
  title: string;
  course: string;
  organization: string;
  group: string;
  class: string;
  ordinal: (n: number) => string;
  instructor: string;
  scheduled: string;
  held: string;
  notStarted: string;
  liveTime: string;
  totals: string;
  totalsLine: (totals: BoardTotals) => string;
  outages: string;
  outageLine: (periods: string[]) => string;
  none: string;
  names: string;
  namesMasked: string;
  namesFull: string;
  exported: string;
  number: string;
  name: string;
  present: string;
  rate: string;
  verdict: string;
  below: string;
  reached: string;
  late: string;
  early: string;
  absences: string;
  absent: string;
  asked: string;
  answered: string;
  correct: string;
  correctRate: string;
  signInstructor: string;
  signInstitution: string;
  signDate: string;
}

const percent = (share: number) => `${Math.round(share * 100)}%`;

/** What stands on an exported attendance sheet. */
export const words: Readonly<Record<Locale, Words>> = {
  'zh-CN': {
    title: '直播课考勤表',
    course: '课程',
    organization: '培训机构',
    group: '班组',
    class: '课次',
    ordinal: (n) => `第 ${n} 课时`,
    instructor: '授课教师',
    scheduled: '计划时间',
    held: '实际时间',
    notStarted: '未开始',
    liveTime: '直播时长',
    totals: '合计',
    totalsLine: (t) =>
      `应到 ${t.expected} 人，低于 ${percent(t.minimumRate)} 到课率 ${t.belowAttendance} 人，低于 ${percent(t.minimumRate)} 正确率 ${t.belowCorrect} 人`,
    outages: '平台故障',
    outageLine: (periods) => `${periods.join('，')}（故障期间不计缺席）`,
    none: '无',
    names: '姓名',
    namesMasked: '已脱敏',
    namesFull: '完整（导出已记入日志）',
    exported: '导出',
    number: '序号',
    name: '姓名',
    present: '出勤时长',
    rate: '到课率',
    verdict: '结论',
    below: '未达标',
    reached: '达标',
    late: '迟到',
    early: '早退',
    absences: '中途缺席次数',
    absent: '缺席时长',
    asked: '应答题数',
    answered: '已答题数',
    correct: '答对题数',
    correctRate: '正确率',
    signInstructor: '授课教师（签字）：',
    signInstitution: '培训机构（盖章）：',
    signDate: '日期：',
  },
  en: {
    title: 'Live class attendance',
    course: 'Course',
    organization: 'Institution',
    group: 'Group',
    class: 'Class',
    ordinal: (n) => `No. ${n}`,
    instructor: 'Instructor',
    scheduled: 'Scheduled',
    held: 'Held',
    notStarted: 'not started',
    liveTime: 'Live time',
    totals: 'Totals',
    totalsLine: (t) =>
      `${t.expected} expected, ${t.belowAttendance} under ${percent(t.minimumRate)} attendance, ${t.belowCorrect} under ${percent(t.minimumRate)} correct`,
    outages: 'Platform outages',
    outageLine: (periods) => `${periods.join(', ')} (not counted as absence)`,
    none: 'none',
    names: 'Names',
    namesMasked: 'masked',
    namesFull: 'full (this export is on the audit log)',
    exported: 'Exported',
    number: 'No.',
    name: 'Name',
    present: 'Present',
    rate: 'Attendance',
    verdict: 'Result',
    below: 'below',
    reached: 'reached',
    late: 'Late',
    early: 'Left early',
    absences: 'Absences',
    absent: 'Absent',
    asked: 'Questions asked',
    answered: 'Answered',
    correct: 'Correct',
    correctRate: 'Correct rate',
    signInstructor: 'Instructor (signature):',
    signInstitution: 'Institution (seal):',
    signDate: 'Date:',
  },
};
