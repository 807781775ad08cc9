/** Who is heard on a class's stage, from the audio levels its publishers send along. */
import type { types } from 'mediasoup';

export interface AudioLevels {
  add(producerId: string, peerId: string): Promise<void>;
  /** Idempotent; a speaker who is removed falls silent at once. */
  remove(producerId: string): void;
  close(): void;
}

export interface AudioLevelsOptions {
  router: types.Router;
  /** Loudest first, at most five; called when that list changes, at most twice a second, and with none in silence. */
  onSpeaking: (peerIds: string[]) => void;
}

const maxSpeakers = 5;
const intervalMs = 500;
/** dBov; quieter is a room, not a voice. */
const threshold = -70;

export async function createAudioLevels({ router, onSpeaking }: AudioLevelsOptions): Promise<AudioLevels> {
  const observer = await router.createAudioLevelObserver({
    maxEntries: maxSpeakers,
    interval: intervalMs,
    threshold,
  });
  const speakers = new Map<string, string>();
  let last: string[] = [];

  function tell(peerIds: string[]): void {
    if (peerIds.length === last.length && peerIds.every((peerId, at) => peerId === last[at])) return;
    last = peerIds;
    onSpeaking(peerIds);
  }

  observer.on('volumes', (volumes) => {
    const peerIds = volumes.map(({ producer }) => speakers.get(producer.id)).filter((id) => id !== undefined);
    tell([...new Set(peerIds)]);
  });
  observer.on('silence', () => tell([]));

  return {
    async add(producerId, peerId) {
      speakers.set(producerId, peerId);
      await observer.addProducer({ producerId });
    },
    remove(producerId) {
      const peerId = speakers.get(producerId);
      if (!speakers.delete(producerId) || observer.closed) return;
      tell(last.filter((id) => id !== peerId));
    },
    close() {
      observer.close();
    },
  };
}
