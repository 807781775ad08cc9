/**
 * [PR1, J4] What people are shown before consent to a face, word for word. A change of meaning is a new version, and
 * everybody is asked anew; what was shown under older versions stays in the database.
 */
import { createHash } from 'node:crypto';
import type { Locale } from '@keshi/contract/domain';
import type { ConsentText } from '@keshi/contract/http/identity';

export const consentVersion = '2026-11-28';

type Text = Omit<ConsentText, 'version' | 'locale' | 'hash'>;

const texts: Record<Locale, Text> = {
  'zh-CN': {
    title: '人脸信息处理单独同意书',
    sections: [
      {
        heading: '处理什么',
        paragraphs: [
          '登记时拍下的几张面部照片，以及由照片算出的面部特征值（一组数字，不能还原成照片）。',
          '上课、学习和考试中核验身份时拍下的面部照片和核验结果。',
        ],
      },
      {
        heading: '为什么',
        paragraphs: [
          '培训由财政补贴，需要确认听课、学习、考试的是您本人。人脸只用于这一件事，不用于其他目的，不用于训练算法，不出售，不用于广告。',
        ],
      },
      {
        heading: '传给谁、谁能看到',
        paragraphs: [
          '照片由您的设备上传到本平台的服务器，在服务器上比对。',
          '所在培训机构负责核验身份的工作人员，可以在写明原因后查看登记照片，每次查看都有记录。',
          '主管部门的实名核验平台：本平台接通后，会把姓名、证件号码和登记照片传给它核对是否一致，不作他用。',
          '其他学员、老师和用人单位都看不到。',
        ],
      },
      {
        heading: '保存多久、怎样保护',
        paragraphs: [
          '照片最多保存 30 天；特征值保存到培训结束后 30 天，或您撤回同意的那一刻。',
          '涉及疑似违规的照片，另行加密保存到处理决定和申诉期结束。核验结论（不含照片和特征值）按补贴监管要求保存 5 年。',
          '您的人脸信息用只属于您的一把密钥加密，密钥与数据库、与备份分开存放；销毁密钥后，任何备份里的内容都无法再读出。',
        ],
      },
      {
        heading: '不同意也可以上课',
        paragraphs: [
          '不同意或撤回同意，都不影响您报名、上课、考试和领取证书：身份改由培训机构的工作人员核验。您随时可以改变主意。',
        ],
      },
      {
        heading: '怎样撤回、您的权利',
        paragraphs: [
          '随时在“设置”里的“身份与人脸”撤回。撤回立即生效：照片和特征值全部删除，密钥销毁，不可恢复。撤回之前的学习记录仍然有效。',
          '您可以查阅、复制、更正、删除个人信息，可以向所在培训机构提出，也可以向监管部门投诉。',
          '不满十四周岁的，由监护人作出同意。',
        ],
      },
    ],
    agree: '我已阅读，单独同意本平台按上述内容处理和上传我的人脸信息',
    refuse: '不同意，由工作人员核验我的身份',
  },
  en: {
    title: 'Separate consent to the use of your face',
    sections: [
      {
        heading: 'What is used',
        paragraphs: [
          'A few pictures of your face taken at enrolment, and a template computed from them: a row of numbers that cannot be turned back into a picture.',
          'Pictures taken when your identity is checked in class, in study and in exams, and the results of those checks.',
        ],
      },
      {
        heading: 'Why',
        paragraphs: [
          'The training is paid for with public money, so it must be certain that you yourself attended. Your face is used for this and nothing else: not to train algorithms, not for advertising, and it is never sold.',
        ],
      },
      {
        heading: 'Where it goes and who can see it',
        paragraphs: [
          'Your device uploads the pictures to the servers of this platform, where they are compared.',
          'Staff of your training institution who check identities can see the enrolment picture after writing down a reason. Each time is on record.',
          'The identity service of the responsible authority: where it is connected, it receives your name, document number and enrolment picture to say whether they agree, and for nothing else.',
          'Other learners, teachers and employers never see any of it.',
        ],
      },
      {
        heading: 'How long, and how it is protected',
        paragraphs: [
          'Pictures are kept for at most 30 days; templates until 30 days after your training ends, or until the moment you withdraw.',
          'Pictures of a suspected violation are kept, sealed separately, until the decision and the time for appeal are over. Results of checks (no pictures, no templates) are kept for 5 years as the rules on subsidies ask.',
          'Everything is encrypted with a key that belongs to you alone and is kept apart from the database and its backups. Once the key is destroyed nothing can be read any more, in no backup either.',
        ],
      },
      {
        heading: 'You can take part without it',
        paragraphs: [
          'To refuse, or to withdraw later, changes nothing about enrolling, attending, exams or certificates: staff of your institution check your identity instead. You can change your mind at any time.',
        ],
      },
      {
        heading: 'How to withdraw, and your rights',
        paragraphs: [
          'At any time under “Identity and face” in the settings. It takes effect at once: pictures and templates are deleted and the key is destroyed, for good. What you learned before stays on record.',
          'You may see, copy, correct and delete your personal data; turn to your institution, or complain to the authority.',
          'For anybody under fourteen, a guardian consents.',
        ],
      },
    ],
    agree: 'I have read this, and separately consent to my face being processed and uploaded as described',
    refuse: 'I do not consent: let a person check my identity',
  },
};

export interface ShownConsent {
  shown: ConsentText;
  /** As it is kept with the consent. */
  text: string;
}

export function consentTextFor(locale: Locale): ShownConsent {
  const text = JSON.stringify({ version: consentVersion, locale, ...texts[locale] });
  const hash = createHash('sha256').update(text).digest('hex');
  return { shown: { version: consentVersion, locale, hash, ...texts[locale] }, text };
}
