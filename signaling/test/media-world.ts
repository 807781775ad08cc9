/** What tests of media need of an SFU on this machine. */
import type { JoinedMedia } from '@keshi/contract/signaling';

export const sfuConfig = (workers: number) => ({
  workers,
  workerConsumers: 500,
  workerMbps: 400,
  listenIp: '127.0.0.1',
  announcedAddress: null,
  portBase: 0,
  pipeAddress: null,
  pipePorts: null,
  region: null,
});

/** What a page was given; throws when it is not media of its own. */
export function webrtcOf(media: JoinedMedia | null): Extract<JoinedMedia, { mode: 'webrtc' }> {
  if (media?.mode !== 'webrtc') throw new Error(`no media of its own: ${JSON.stringify(media)}`);
  return media;
}
