import type { FailureCode } from '#net/failure.ts';

/** What happened; what is safe; what to do. `safe` is left out where nothing was at stake. */
export interface ErrorText {
  what: string;
  safe?: string;
  todo: string;
}

export const errors: Record<FailureCode, ErrorText> = {
  'invalid-input': { what: '有内容填写不正确', safe: '其他内容都还在。', todo: '请改正标出的地方后再提交。' },
  'too-large': { what: '内容太长，没有发出', safe: '您写的内容还在。', todo: '请缩短或分几次发送。' },
  'unknown-event': {
    what: '页面与服务器的版本不一致',
    safe: '已保存的内容不受影响。',
    todo: '请刷新页面后再试。',
  },
  'rate-limited': { what: '操作太频繁', safe: '您的内容还在。', todo: '请稍等片刻再试。' },
  unauthenticated: {
    what: '您还没有登录，或登录已过期',
    safe: '已提交的内容都已保存。',
    todo: '请重新登录。',
  },
  'token-expired': { what: '登录凭证已过期', safe: '已提交的内容都已保存。', todo: '请重新登录。' },
  'wrong-credentials': {
    what: '账号或密码不正确',
    todo: '请核对后再试；忘记密码请联系所在机构的管理员重置。',
  },
  'account-locked': {
    what: '密码输错次数过多，账号已暂时锁定',
    safe: '账号里的内容不受影响。',
    todo: '请过一会儿再试，或联系管理员。',
  },
  'account-disabled': {
    what: '账号已停用',
    safe: '已有的学习记录都会保留。',
    todo: '如有疑问，请联系所在机构的管理员。',
  },
  'session-replaced': {
    what: '这个账号在另一台设备或另一个浏览器上登录了，这里的登录已结束',
    safe: '到那一刻为止的学习时间都已计入。',
    todo: '同一账号同时只能在一处使用。如果不是您本人，请登录后马上修改密码。',
  },
  'session-revoked': {
    what: '登录已被结束：您的权限或密码有变动',
    safe: '已有的记录不受影响。',
    todo: '请重新登录。',
  },
  forbidden: { what: '您没有查看或操作这里的权限', todo: '如果工作需要，请联系所在机构的管理员开通。' },
  csrf: { what: '请求没有通过安全校验', safe: '没有任何改动。', todo: '请刷新页面后再试。' },
  'not-found': { what: '没有找到', todo: '它可能已被移除，或链接不完整。请从列表重新进入。' },
  conflict: {
    what: '与现有的内容冲突，没有保存',
    safe: '您填写的内容还在。',
    todo: '请检查名称或时间后再试。',
  },
  outdated: {
    what: '在您编辑的时候，别人改过了这一项',
    safe: '您填写的内容还在，没有覆盖对方的修改。',
    todo: '请载入最新内容，再把您的修改加进去。',
  },
  'not-ready': {
    what: '还缺少必要的内容，没有提交',
    safe: '已有的内容不受影响。',
    todo: '请按页面上的提示补齐后再试。',
  },
  'registration-closed': {
    what: '这里没有开放自助注册',
    todo: '请联系所在的培训机构开通账号。',
  },
  'wrong-code': {
    what: '验证码不正确或已过期',
    safe: '您填写的内容还在。',
    todo: '请核对后再试，或重新获取验证码。',
  },
  'consent-required': {
    what: '还没有得到您的同意，没有拍摄或保存任何照片',
    safe: '不同意也可以正常上课，由工作人员核验身份。',
    todo: '请先阅读并选择是否同意。',
  },
  'faces-unavailable': {
    what: '人脸识别服务暂时不可用',
    safe: '已有的记录不受影响；等待我们不会算您缺勤。',
    todo: '请稍后再试，或选择由工作人员核验。',
  },
  'exam-not-open': { what: '考试还没有开始', todo: '请在开始时间之后再来。' },
  'exam-over': {
    what: '考试已经结束',
    safe: '截止前保存的答案都已收到。',
    todo: '结果出来后可以在“考试”里查看。',
  },
  'attempts-used': { what: '考试次数已经用完', safe: '以往的成绩都在。', todo: '如需再考，请联系所在机构。' },
  'taken-over': {
    what: '试卷在另一个页面打开了',
    safe: '已保存的答案都在。',
    todo: '请在那个页面继续，或在这里重新打开。',
  },
  'challenge-over': {
    what: '这次登记已超时或已结束，没有保存照片',
    safe: '之前登记的照片仍然有效。',
    todo: '请重新开始。',
  },
  'not-joined': { what: '还没有进入课堂', todo: '请重新进入课堂。' },
  'class-not-started': {
    what: '还没有开课',
    safe: '等候不影响考勤。',
    todo: '老师开课后会自动开始，请稍候。',
  },
  'class-not-live': { what: '现在不在上课', todo: '请在上课期间再试。' },
  'class-paused': {
    what: '课堂暂停中',
    safe: '暂停的时间不计入课时，也不算缺勤。',
    todo: '请等老师继续上课。',
  },
  'class-ended': {
    what: '课堂已结束',
    safe: '您的听课时间已经记录。',
    todo: '可以在课程页查看自己的时间线。',
  },
  banned: { what: '您已被请出这个课堂', safe: '之前的听课时间保留。', todo: '请联系授课老师了解原因。' },
  muted: { what: '老师已将您禁言', safe: '听课和计时不受影响。', todo: '请等老师解除禁言。' },
  'slow-mode': { what: '发言间隔还没到', safe: '您写的内容还在。', todo: '请稍等片刻再发送。' },
  screened: {
    what: '内容含有不允许发布的文字，没有发出',
    safe: '别人看不到这段内容，系统已留存记录。',
    todo: '请修改后再发送；认为有误请告诉老师。',
  },
  full: { what: '现在人数已满', safe: '等候期间不算您缺勤。', todo: '请不要离开，页面会自动重试。' },
  'not-on-stage': { what: '您现在不在台上', todo: '请先举手，等老师邀请。' },
  'not-invited': { what: '还没有收到上台邀请', todo: '请先举手，等老师邀请。' },
  'already-done': { what: '已经做过了', safe: '第一次的结果有效。', todo: '不需要再操作。' },
  'quiz-open': { what: '有一道题正在作答', todo: '请等这道题结束。' },
  'quiz-closed': { what: '作答时间已到', safe: '截止前提交的答案有效。', todo: '请等待老师讲解。' },
  'replaced-in-class': {
    what: '您在另一个窗口进入了这个课堂，这里已停止',
    safe: '听课时间连续计算，不会重复也不会丢失。',
    todo: '请回到另一个窗口，或在这里重新进入。',
  },
  'media-unavailable': {
    what: '音视频服务暂时不可用',
    safe: '考勤照常计算。',
    todo: '系统正在恢复，请不要离开。',
  },
  'media-not-found': { what: '这路画面已经结束', todo: '画面会自动更新。' },
  'media-refused': { what: '无法发布音视频', safe: '听课不受影响。', todo: '请检查摄像头和麦克风后再试。' },
  busy: {
    what: '同时进入的人很多，正在依次进入',
    todo: '请不要离开，页面会自动重试。',
  },
  'too-slow': {
    what: '网络太慢，课堂消息没有及时收到',
    safe: '30 秒内连上，听课时间不会中断。',
    todo: '页面会自动重新连接；请换到更好的网络。',
  },
  draining: { what: '服务器正在维护切换', safe: '考勤不受影响。', todo: '页面会自动连到另一台服务器。' },
  unavailable: {
    what: '服务暂时无法响应',
    safe: '已保存的内容不受影响；服务中断的时间不会算您缺勤。',
    todo: '请稍后重试。',
  },
  internal: {
    what: '系统出了点问题',
    safe: '已保存的内容不受影响。',
    todo: '请重试；如果仍然出现，请把错误编号发给技术支持。',
  },
  offline: {
    what: '连不上服务器',
    safe: '已提交的内容都已保存，您刚填写的还在这里。',
    todo: '请检查网络后重试。',
  },
};
