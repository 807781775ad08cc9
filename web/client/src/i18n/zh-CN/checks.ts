import type { Verdict } from '@keshi/contract/proctor';

/** `what` 说发生了什么；`todo` 说改什么，没有要改的就是空的。 */
export interface VerdictText {
  what: string;
  todo: string;
}

const verdicts: Record<Verdict, VerdictText> = {
  match: { what: '已确认是您本人。', todo: '请继续听课。' },
  uncertain: { what: '这次没能看清楚，不算失败。', todo: '请正对镜头，让光照在脸上，我们会再拍几张。' },
  mismatch: { what: '画面与您登记的人脸不一致。', todo: '请由本人正对镜头再试；摘掉口罩、墨镜和帽子。' },
  'no-face': { what: '画面里没有看到人脸。', todo: '请坐到镜头前，让整张脸在画面里。' },
  'many-faces': { what: '画面里不止一个人。', todo: '请让旁边的人离开画面，再试一次。' },
  'too-dark': { what: '光线太暗，看不清。', todo: '请打开灯，或面对窗户。' },
  blurred: { what: '画面太模糊。', todo: '请擦一下镜头，坐稳再试。' },
  'camera-off': { what: '镜头被遮住，或没有画面。', todo: '请打开摄像头，拿开遮挡物。' },
  repeated: { what: '画面与之前的完全相同。', todo: '请使用真实的摄像头，不要播放照片或录像。' },
  late: { what: '照片到得太晚了。', todo: '请检查网络，下一次及时完成。' },
  'no-answer': { what: '没有在规定时间内完成核验。', todo: '请回到镜头前，再试一次。' },
  'spoof-suspected': {
    what: '画面不像真人在镜头前。',
    todo: '请本人面对摄像头，不要使用照片、录像或虚拟摄像头。',
  },
  error: { what: '我们这边出了问题，不会算在您头上。', todo: '稍后会再请您核验一次。' },
};

/** 课堂里的人脸签到与核验。 */
export const checks = {
  signIn: (hour: string) => `第 ${hour} 课时签到`,
  check: '人脸核验',
  recheck: '再核验一次',
  signInText: '每个课时都要确认是本人在听课，签到后这个课时才能计入。',
  checkText: '听课时会不定时确认是本人在场，几秒钟就好。',
  recheckText: '上一次没有通过，请看着镜头，我们会连拍几张。',
  why: '需要打开摄像头拍照核对。照片只用于比对，通过后不保存；您的画面别人看不到。',
  ownPicture: '您的画面',
  left: (time: string) => `还剩 ${time}`,
  opening: '正在打开摄像头，请在浏览器提示中选择“允许”。',
  lookHere: '请看着镜头，马上拍照。',
  look: {
    title: '工作人员想看看您本人',
    text: '您同意后，画面只在此刻给这位工作人员看，不录像、不保存。',
    show: '让对方看',
    decline: '暂不',
    showing: '对方正在看您的画面。',
    stop: '结束',
  },
  turn: { left: '请慢慢向您的左边转头，再转回来。', right: '请慢慢向您的右边转头，再转回来。' },
  turnSoon: { left: '请看镜头，接下来请向您的左边转头。', right: '请看镜头，接下来请向您的右边转头。' },
  taking: '正在拍照，请保持不动。',
  judging: '正在核对…',
  take: '现在拍照',
  again: '再试一次',
  start: '现在核验',
  askAgain: '请再确认一次',
  later: '先收起',
  checked: '已核验',
  strip: (time: string) => `需要人脸核验，还剩 ${time}。`,
  stripOver: '核验已超时，听课时间暂停计入。',
  failed: '核验没有通过，听课时间暂停计入。',
  waiting: '正在等待工作人员确认您的身份。',
  waitingSafe: '等待期间照常计时，请留在课堂里。',
  refused: '工作人员没有确认您的身份，这个课时还不能计入。',
  noCamera: '摄像头没能打开',
  verdicts,
  board: {
    states: {
      none: '未核验',
      asked: '核验中',
      passed: '已核验',
      failed: '核验未通过',
      waiting: '等待人工确认',
      refused: '人工未确认',
    },
    signed: (hours: string) => `已签到第 ${hours} 课时`,
    last: (time: string) => `上次核验 ${time}`,
  },
  desk: {
    title: '等待人工确认身份',
    text: '这些学员不能由人脸确认。请核实是本人后确认；等待的时间不会算作缺勤。',
    hour: (hour: string) => `第 ${hour} 课时`,
    waits: (time: string) => `已等 ${time}`,
    causes: {
      'no-face': '选择人工核验',
      errors: '系统多次未能核验',
      failed: '人脸核验没有通过',
    },
    confirm: (name: string) => `确认是${name}`,
    refuse: (name: string) => `不能确认${name}`,
    lookShort: '看一眼',
    lookAt: (name: string) => `看一眼${name}`,
    lookText: '对方同意后才有画面；只在此刻可见，不保存，每次都记入日志。',
    lookPicture: '学员此刻的画面',
    lookAsked: '正在等对方同意…',
    lookOver: '已结束，或对方没有同意。',
    lookAgain: '再请求一次',
    confirmShort: '确认',
    refuseShort: '不确认',
    confirmed: (name: string) => `已确认${name}`,
    refused: (name: string) => `已记录：未确认${name}`,
  },
};
