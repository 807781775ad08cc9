/** A class's media as its coordinator sees it: on which SFU node it is, and whether what is there is what is decided. */
import type { Logger } from '@keshi/runtime/log';
import type { MediaSource } from '@keshi/contract/domain';
import { isOver, type Classroom } from './classroom.ts';
import type { OwnCommand } from './commands.ts';
import type { MediaEffect } from './turn.ts';

export interface PublishedSource {
  peerId: string;
  source: MediaSource;
  paused: boolean;
}

export interface MediaDeps {
  perform: (classId: string, sfuNode: string | null, effect: MediaEffect) => void;
  /** What is published on the class's SFU node; null when it cannot be asked. */
  stageOf: (classId: string, sfuNode: string | null) => Promise<PublishedSource[] | null>;
  placeMedia: (classId: string, current: string | null) => string | null;
}

export interface ClassMedia {
  /** Null while there is none. */
  readonly node: string | null;
  /** Stays where it is while that node lives. */
  place(): string | null;
  perform(effect: MediaEffect): void;
  /** Compares with what the SFU carries. What was decided and not carried out, because somebody died, is done now. */
  resync(): void;
}

export function createClassMedia({
  room,
  own,
  log,
  deps,
}: {
  room: () => Classroom;
  own: (command: OwnCommand) => void;
  log: Logger;
  deps: MediaDeps;
}): ClassMedia {
  const { id } = room();
  let node = deps.placeMedia(id, null);
  const perform = (effect: MediaEffect) => deps.perform(id, node, effect);

  async function compare(): Promise<void> {
    const carried = await deps.stageOf(id, node);
    const { sources } = room();
    if (!carried || isOver(room())) return;
    for (const [userId, known] of sources)
      for (const source of known.keys())
        if (!carried.some((one) => one.peerId === userId && one.source === source))
          own({ name: 'stage.published', userId, source, state: null });
    for (const { peerId: userId, source, paused } of carried)
      own({ name: 'stage.published', userId, source, state: { paused } });
  }

  return {
    get node() {
      return node;
    },
    place() {
      node = deps.placeMedia(id, node);
      return node;
    },
    perform,
    resync() {
      if (node === null) return;
      if (isOver(room())) return perform({ kind: 'close-class' });
      compare().catch((error: unknown) =>
        log.warn({ err: error }, 'the stage could not be compared with the SFU'),
      );
    },
  };
}
