import type { CertificateLack } from '@keshi/contract/certificates';
import type { Format } from '#i18n/format.ts';
import type { Catalogue } from '#i18n/zh-CN/catalogue.ts';

/** What is missing for a certificate, in one short line with its figures. */
export function lackText(lack: CertificateLack, t: Catalogue, fmt: Format, classHourMs: number): string {
  const words = t.certificates.lacks;
  switch (lack.kind) {
    case 'identity':
      return words.identity;
    case 'classes':
      return words.classes(fmt.number(lack.remaining));
    case 'attendance':
      return words.attendance(fmt.percent(lack.rate), fmt.percent(lack.minimum));
    case 'hours':
      return lack.requiredMs === 0
        ? words.noHours
        : words.hours(fmt.credit(lack.creditedMs, classHourMs), fmt.credit(lack.requiredMs, classHourMs));
    case 'lessons':
      return words.lessons(fmt.number(lack.complete), fmt.number(lack.total));
    case 'exam':
      return words.exam[lack.outcome];
    case 'incident':
      return words.incident(fmt.number(lack.open));
    case 'correct-rate':
      return words.correctRate(fmt.percent(lack.rate), fmt.percent(lack.minimum));
  }
}
