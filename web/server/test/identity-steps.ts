/** What a learner does to be known, through the interface, as tests need it again and again. */
import type { FrameVerdict } from '@keshi/contract/http/identity';
import { drawJpeg, type Drawing } from './drawn-faces.ts';
import { call, type RunningWeb } from './running-web.ts';

let grains = 0;

export async function giveConsent(web: RunningWeb, token: string, decision: 'given' | 'refused' = 'given') {
  const { body: text } = await call(web, 'consentText', { token, query: { locale: 'zh-CN' } });
  const { version, hash } = text;
  return call(web, 'giveConsent', { token, body: { decision, locale: 'zh-CN', version, hash } });
}

export const sendFrame = async (
  web: Pick<RunningWeb, 'url'>,
  token: string,
  at: { id: string; step: number },
  drawing: Drawing,
) => {
  const jpeg = await drawJpeg({ grain: (grains += 1), ...drawing });
  return call(web, 'sendFrame', { token, params: at, upload: new Blob([new Uint8Array(jpeg)]) });
};

/** Turns the head as it is asked; answers the last verdict. */
export async function enrolFace(
  web: RunningWeb,
  token: string,
  { replace = false, ...drawing }: Drawing & { replace?: boolean } = {},
): Promise<FrameVerdict> {
  const begun = await call(web, 'beginFace', { token, body: { replace } });
  if (begun.status !== 200) throw new Error(`not begun: ${begun.error?.code}`);
  const { id } = begun.body;
  let { step, pose } = begun.body;
  for (;;) {
    const answer = await sendFrame(web, token, { id, step }, { ...drawing, pose });
    if (answer.status !== 200) throw new Error(`not judged: ${answer.error?.code}`);
    if (answer.body.kind !== 'next') return answer.body;
    ({ step, pose } = answer.body);
  }
}
