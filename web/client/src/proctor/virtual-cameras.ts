/**
 * Cameras that are programs, by the names they give themselves. A name is a fact for the record and a reason for the
 * server to look closer, never a verdict: whoever wants to can give a program any name, and some have good reasons for
 * one.
 */
export interface VirtualCamera {
  readonly product: string;
  /**
   * `shows-anything`: it is made to show files, screens and scenes in the place of a person. `passes-on`: it shows a real
   * camera (a phone, or one with its background changed).
   */
  readonly use: 'shows-anything' | 'passes-on';
}

const anything = 'shows-anything';
const passesOn = 'passes-on';

const known: readonly (readonly [RegExp, string, VirtualCamera['use']])[] = [
  [/\bobs\b|obs-camera|obs virtual/, 'OBS', anything],
  [/many ?cam/, 'ManyCam', anything],
  [/snap ?camera/, 'Snap Camera', anything],
  [/xsplit/, 'XSplit', anything],
  [/vtube ?studio/, 'VTube Studio', anything],
  [/vseeface|vcam ?vroid|unity video capture|unitycam/, 'Unity capture', anything],
  // Of the maker of the next one.
  [/\bivcam\b/, 'iVCam', passesOn],
  [/e2esoft|\bvcam\b/, 'VCam', anything],
  [/split ?cam/, 'SplitCam', anything],
  [/spark ?o ?cam/, 'SparkoCam', anything],
  [/webcam ?max/, 'WebcamMax', anything],
  [/fake ?webcam/, 'Fake Webcam', anything],
  [/alter ?cam/, 'AlterCam', anything],
  [/cam ?twist/, 'CamTwist', anything],
  [/you ?cam|cyberlink webcam/, 'YouCam', anything],
  [/magic ?camera/, 'MagicCamera', anything],
  [/perfect ?cam/, 'PerfectCam', anything],
  [/fine ?cam/, 'FineCam', anything],
  [/prism ?live|prism lens/, 'PRISM', anything],
  [/vmix/, 'vMix', anything],
  [/wirecast/, 'Wirecast', anything],
  [/streamlabs|slobs/, 'Streamlabs', anything],
  [/mmhmm/, 'mmhmm', anything],
  [/ndi (webcam|video)|newtek ndi|ndi virtual/, 'NDI', anything],
  [/v4l2 ?loopback|dummy video device/, 'v4l2loopback', anything],
  [/screen ?capture recorder/, 'Screen Capturer Recorder', anything],
  [/akvirtualcamera|webcamoid/, 'Webcamoid', anything],
  [/deepfacelive|deep ?live ?cam/, 'DeepFaceLive', anything],
  [/直播伴侣|抖音|快手|tiktok live studio/, '直播伴侣', anything],
  // What a browser shows in a camera's place when it is started so: a test pattern, or a file under its own name.
  [/^fake_device|\.(y4m|mjpeg)$/, 'browser test camera', anything],
  [/droid ?cam/, 'DroidCam', passesOn],
  [/iriun/, 'Iriun', passesOn],
  [/epoc ?cam/, 'EpocCam', passesOn],
  [/reincubate|\bcamo\b/, 'Camo', passesOn],
  [/ip camera adapter|\bip ?cam/, 'IP camera', passesOn],
  [/nvidia broadcast/, 'NVIDIA Broadcast', passesOn],
  [/chroma ?cam/, 'ChromaCam', passesOn],
  [/logi(tech)? capture/, 'Logi Capture', passesOn],
  // Whatever calls itself one, in the end.
  [/virtual ?(web)?cam|虚拟(摄像|相机|视频)/, 'virtual camera', anything],
];

/** `label` as a track or a device has it. Null when it names no program that we know. */
export function virtualCameraOf(label: string): VirtualCamera | null {
  const name = label.normalize('NFKC').toLowerCase();
  for (const [pattern, product, use] of known) if (pattern.test(name)) return { product, use };
  return null;
}
