/** What the person has arranged on this page: it survives tabs, drawers and layouts, and nothing else. */
import type { ClassView } from './class-view.ts';
import type { Layout } from './stage-tiles.ts';

export type PanelTab = 'chat' | 'questions' | 'quiz' | 'people';
export type Sheet = 'timeline' | 'help' | 'devices' | 'leave' | 'end' | null;

const volumeKey = 'keshi.volume';

export class RoomState {
  tab = $state<PanelTab>('chat');
  layout = $state<Layout>('speaker');
  sheet = $state<Sheet>(null);
  /** In full screen and on a phone on its side the panel lies over the stage, and is closed at first. */
  panelOpen = $state(false);
  /** Sequence number of the last chat message that was on screen. */
  chatSeen = $state(0);
  chatDraft = $state('');
  questionDraft = $state('');
  /** Choices marked but not yet sent, by quiz. */
  quizDrafts = $state<Record<string, number[]>>({});
  #volume = $state(1);
  #silent = $state(false);
  #storage: Storage;

  constructor(storage: Storage, tab: PanelTab) {
    this.#storage = storage;
    this.tab = tab;
    const stored = Number(storage.getItem(volumeKey) ?? '1');
    this.#volume = stored > 0 && stored <= 1 ? stored : 1;
  }

  /** 0 to 1, as heard. */
  get volume() {
    return this.#silent ? 0 : this.#volume;
  }
  get silent() {
    return this.#silent;
  }
  setVolume(volume: number) {
    this.#silent = volume === 0;
    if (volume === 0) return;
    this.#volume = volume;
    this.#storage.setItem(volumeKey, String(volume));
  }
  toggleSound = () => {
    this.#silent = !this.#silent;
  };

  show(tab: PanelTab) {
    this.tab = tab;
    this.panelOpen = true;
  }
}

/** Messages of others that came while another tab was open. */
export const unreadChat = (view: ClassView, room: RoomState): number =>
  room.tab === 'chat'
    ? 0
    : view.chat.filter(({ seq, from }) => seq > room.chatSeen && from.userId !== view.you.userId).length;
