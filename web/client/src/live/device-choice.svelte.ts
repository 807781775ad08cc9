/** Which camera, microphone and speaker this browser uses; remembered, because a room rarely changes its devices. */
const key = 'keshi.devices';

type Kind = 'camera' | 'microphone' | 'speaker';
const kinds: readonly Kind[] = ['camera', 'microphone', 'speaker'];

export class DeviceChoice {
  #chosen = $state<Partial<Record<Kind, string>>>({});
  #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
    try {
      const stored: unknown = JSON.parse(storage.getItem(key) ?? '{}');
      if (typeof stored === 'object' && stored !== null)
        for (const [kind, id] of Object.entries(stored))
          if (kinds.some((known) => known === kind) && typeof id === 'string')
            this.#chosen[kind as Kind] = id;
    } catch {
      // What is not readable is as good as never chosen.
      storage.removeItem(key);
    }
  }

  /** Undefined: the system's choice. */
  of(kind: Kind): string | undefined {
    return this.#chosen[kind];
  }

  choose(kind: Kind, id: string) {
    this.#chosen[kind] = id;
    this.#storage.setItem(key, JSON.stringify(this.#chosen));
  }
}
