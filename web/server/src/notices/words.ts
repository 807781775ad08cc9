/** Notices as they are sent: a subject and one sentence, in the language of whoever gets them. */
import type { Locale } from '@keshi/contract/domain';
import type { NoticeContent } from '@keshi/contract/notices';

export interface Said {
  subject: string;
  text: string;
  /** Inside the pages. */
  path: string;
}

const shanghai = (locale: Locale) =>
  new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : 'zh-CN', {
    timeZone: 'Asia/Shanghai',
    dateStyle: 'medium',
    timeStyle: 'short',
  });

export function said(content: NoticeContent, locale: Locale): Said {
  return locale === 'en' ? inEnglish(content) : inChinese(content);
}

function inChinese(of: NoticeContent): Said {
  const at = (instant: number) => shanghai('zh-CN').format(instant);
  switch (of.kind) {
    case 'certificate-issued':
      return {
        subject: '证书已发放',
        text: `「${of.courseTitle}」的结业证书已发放，编号 ${of.number}。`,
        path: `/certificates/${of.number}`,
      };
    case 'certificate-revoked':
      return {
        subject: '证书已撤销',
        text: `「${of.courseTitle}」的结业证书 ${of.number} 已撤销，原因请看证书页。`,
        path: `/certificates/${of.number}`,
      };
    case 'finding-opened':
      return {
        subject: '身份核验有疑点',
        text: `「${of.courseTitle}」的身份核验连续未通过，将由工作人员查看；在查实之前不影响学时。`,
        path: '/record',
      };
    case 'finding-decided':
      return {
        subject: '疑点已有结论',
        text: `「${of.courseTitle}」的疑点：${{ confirmed: '认定违规，可在期限内申诉', dismissed: '已排除', granted: '申诉成立', refused: '申诉未成立' }[of.outcome]}。`,
        path: '/record',
      };
    case 'hours-reversed':
      return {
        subject: '学时已清零',
        text: `「${of.courseTitle}」此前的学时已清零，可以重新学习取得，也可以申诉。`,
        path: '/record',
      };
    case 'hours-restored':
      return { subject: '学时已恢复', text: `「${of.courseTitle}」被清零的学时已恢复。`, path: '/record' };
    case 'class-scheduled':
      return {
        subject: '课程安排',
        text: `「${of.title}」${at(of.startsAt)} 开始。`,
        path: `/classes/${of.classId}`,
      };
    case 'exam-due':
      return { subject: '考试提醒', text: `「${of.title}」${at(of.closesAt)} 截止。`, path: '/' };
    case 'question-answered':
      return {
        subject: '老师回答了你的提问',
        text: `你在「${of.classTitle}」上的提问有了回答。`,
        path: `/classes/${of.classId}`,
      };
    case 'discussion-answered':
      return { subject: '讨论有新回复', text: `你在「${of.title}」的讨论有了回复。`, path: of.path };
  }
}

function inEnglish(of: NoticeContent): Said {
  const at = (instant: number) => shanghai('en').format(instant);
  switch (of.kind) {
    case 'certificate-issued':
      return {
        subject: 'Certificate issued',
        text: `Your certificate of “${of.courseTitle}” was issued, number ${of.number}.`,
        path: `/certificates/${of.number}`,
      };
    case 'certificate-revoked':
      return {
        subject: 'Certificate revoked',
        text: `Certificate ${of.number} of “${of.courseTitle}” was revoked; its page says why.`,
        path: `/certificates/${of.number}`,
      };
    case 'finding-opened':
      return {
        subject: 'A finding in your identity checks',
        text: `Checks in “${of.courseTitle}” failed in a row and will be looked at by a person; until then no hours are lost.`,
        path: '/record',
      };
    case 'finding-decided':
      return {
        subject: 'A finding was decided',
        text: `The finding in “${of.courseTitle}”: ${{ confirmed: 'confirmed; you can appeal in time', dismissed: 'dismissed', granted: 'your appeal was granted', refused: 'your appeal was refused' }[of.outcome]}.`,
        path: '/record',
      };
    case 'hours-reversed':
      return {
        subject: 'Hours taken back',
        text: `Your hours in “${of.courseTitle}” up to now were taken back; you can earn them anew, or appeal.`,
        path: '/record',
      };
    case 'hours-restored':
      return {
        subject: 'Hours restored',
        text: `Your hours in “${of.courseTitle}” were restored.`,
        path: '/record',
      };
    case 'class-scheduled':
      return {
        subject: 'Class scheduled',
        text: `“${of.title}” begins ${at(of.startsAt)}.`,
        path: `/classes/${of.classId}`,
      };
    case 'exam-due':
      return { subject: 'Exam due', text: `“${of.title}” closes ${at(of.closesAt)}.`, path: '/' };
    case 'question-answered':
      return {
        subject: 'Your question was answered',
        text: `Your question in “${of.classTitle}” has an answer.`,
        path: `/classes/${of.classId}`,
      };
    case 'discussion-answered':
      return {
        subject: 'A reply in your discussion',
        text: `“${of.title}” has a reply for you.`,
        path: of.path,
      };
  }
}
