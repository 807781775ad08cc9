/** What tests of media need of an SFU on this machine. */
import type { JoinedMedia } from '@keshi/contract/signaling';

/** What a page was given; throws when it is not media of its own. */
export function webrtcOf(media: JoinedMedia | null): Extract<JoinedMedia, { mode: 'webrtc' }> {
  if (media?.mode !== 'webrtc') throw new Error(`no media of its own: ${JSON.stringify(media)}`);
  return media;
}
