/** What stands on the paper [CT3]. Certificates are documents of a Chinese authority's world: their text is Chinese. */
import type { CertificateHolder, CertificateRecord } from '@keshi/contract/certificates';
import type { DocumentKind } from '@keshi/contract/identity';
import { tenthsOfHours } from '@keshi/rules/settlement';
import { codeOf } from './code.ts';
import type { PrintSheet } from './printing.ts';

const documents: Record<DocumentKind, string> = {
  'id-card': '居民身份证',
  'social-security': '社会保障号码',
  'hk-macau-residence': '港澳居民居住证',
  'taiwan-residence': '台湾居民居住证',
  'hk-macau-travel': '港澳居民来往内地通行证',
  'taiwan-travel': '台湾居民来往大陆通行证',
};

export function printSheet(
  record: CertificateRecord,
  holder: Pick<CertificateHolder, 'name' | 'document'>,
  verifyUrl: string,
): PrintSheet {
  const hours = (tenthsOfHours(record.creditedMs, record.classHourMs) / 10).toFixed(1);
  const share = (permille: number) => `${(permille / 10).toFixed(1)}%`;
  const { attendancePermille, examPermille, course } = record;
  return {
    number: record.number,
    title: '结业证书',
    subtitle: 'CERTIFICATE OF COMPLETION',
    name: holder.name,
    document: holder.document && `${documents[holder.document.kind]}  ${holder.document.masked}`,
    body: `已完成「${course.title}」课程（${record.group}）的全部培训内容，达到结业要求，准予结业。`,
    facts: [
      ['计入学时', hours],
      ...(attendancePermille === null ? [] : [['到课率', share(attendancePermille)] as const]),
      ...(examPermille === null ? [] : [['结业考试', share(examPermille)] as const]),
    ],
    issuer: record.issuer,
    date: dateOf(record.issuedAt),
    courseTitle: course.title,
    scan: '扫码核验：打开后显示姓名（已脱敏）、课程、学时与签名，也可在本页地址输入编号核验。',
    address: verifyUrl,
    attached: '已签名的证书记录，可离线核验',
    code: codeOf(verifyUrl),
  };
}

const inShanghai = new Intl.DateTimeFormat('zh-CN', { timeZone: 'Asia/Shanghai', dateStyle: 'long' });
const dateOf = (at: number) => inShanghai.format(at);
