import type { NoticeContent } from '@keshi/contract/notices';
import type { Format } from '#i18n/format.ts';
import type { Catalogue } from '#i18n/zh-CN/catalogue.ts';
import { paths } from '#session/paths.ts';

/** A notice in one sentence, and the page that says more. */
export function noticeWords(said: NoticeContent, t: Catalogue, fmt: Format): { text: string; href: string } {
  const words = t.notices.said;
  switch (said.kind) {
    case 'certificate-issued':
      return { text: words[said.kind](said.courseTitle, said.number), href: paths.certificate(said.number) };
    case 'certificate-revoked':
      return {
        text: words[said.kind](said.courseTitle, t.certificates.grounds[said.ground]),
        href: paths.certificate(said.number),
      };
    case 'finding-decided':
      return {
        text: words[said.kind](said.courseTitle, t.notices.outcomes[said.outcome]),
        href: paths.record,
      };
    case 'finding-opened':
    case 'hours-reversed':
    case 'hours-restored':
      return { text: words[said.kind](said.courseTitle), href: paths.record };
    case 'class-scheduled':
      return {
        text: words[said.kind](said.title, fmt.dateTime(said.startsAt)),
        href: paths.class(said.classId),
      };
    case 'exam-due':
      return { text: words[said.kind](said.title, fmt.dateTime(said.closesAt)), href: paths.today };
    case 'question-answered':
      return { text: words[said.kind](said.classTitle), href: paths.class(said.classId) };
    case 'discussion-answered':
      return { text: words[said.kind](said.title), href: said.path };
  }
}
