import type { ReasonCode } from '@keshi/contract/domain';

/** `chip` fits the chip; `what` says why it counts or not; `todo` what helps, empty when nothing is needed. */
export interface ReasonText {
  chip: string;
  what: string;
  todo: string;
}

export const reasons: Record<ReasonCode, ReasonText> = {
  counting: { chip: '正在计入', what: '您在课堂里，这段时间计入听课时间。', todo: '' },
  'not-started': { chip: '还没开课', what: '开课之前的时间不计入，也不算缺勤。', todo: '' },
  paused: { chip: '课堂暂停中', what: '老师暂停了课堂，这段时间不计入，也不算缺勤。', todo: '' },
  ended: { chip: '课堂已结束', what: '下课之后的时间不计入。', todo: '' },
  hidden: {
    chip: '页面在后台，未计入',
    what: '课堂页面被切到后台或最小化了，这段时间不计入。',
    todo: '听课时请让课堂页面留在屏幕上，或使用画中画。',
  },
  disconnected: {
    chip: '连接中断，未计入',
    what: '您的网络断开了，这段时间没有听课的证明。',
    todo: '换到信号更稳的网络；带宽不足时可以选“仅听声音”。',
  },
  left: {
    chip: '已离开课堂，未计入',
    what: '您离开了课堂，这段时间不计入。',
    todo: '需要时可以随时回到课堂。',
  },
  late: {
    chip: '迟到，未计入',
    what: '开课后您还没有进入课堂，这段时间不计入。',
    todo: '建议提前几分钟进入，等候不影响考勤。',
  },
  absent: { chip: '未出席', what: '您没有进入过这个课堂。', todo: '如有特殊情况，请联系老师或所在机构。' },
  replaced: {
    chip: '已在另一处打开，未计入',
    what: '您在另一个窗口或设备进入了课堂，时间在那一处计入，不会重复计算。',
    todo: '请只在一处听课。',
  },
  'service-outage': {
    chip: '系统故障，已补记',
    what: '我们的系统出现故障，您在故障前后都在课堂，这段时间照常计入。',
    todo: '',
  },
  'identity-pending': {
    chip: '等待人脸核验，未计入',
    what: '核验时间已到，完成之前的时间不计入。',
    todo: '请按提示完成核验；有困难可以请人工核验。',
  },
  'identity-failed': {
    chip: '核验未通过，未计入',
    what: '人脸核验没有通过，从上一次通过核验起、最多 5 分钟的时间没有计入。',
    todo: '如果是误判，工作人员复核后会恢复；也可以在“我的档案”里申诉。',
  },
};
