import { MediaQuery } from 'svelte/reactivity';

export type ThemeChoice = 'system' | 'light' | 'dark';
const key = 'keshi.theme';

/** Light or dark: the system's choice until the person makes one, which this browser remembers. */
export class Theme {
  #storage: Storage;
  #choice = $state<ThemeChoice>('system');
  #systemIsDark = new MediaQuery('(prefers-color-scheme: dark)');

  constructor(storage: Storage) {
    this.#storage = storage;
    const stored = storage.getItem(key);
    if (stored === 'light' || stored === 'dark') this.#choice = stored;
  }

  get choice(): ThemeChoice {
    return this.#choice;
  }

  get shown(): 'light' | 'dark' {
    if (this.#choice !== 'system') return this.#choice;
    return this.#systemIsDark.current ? 'dark' : 'light';
  }

  choose(choice: ThemeChoice) {
    this.#choice = choice;
    if (choice === 'system') this.#storage.removeItem(key);
    else this.#storage.setItem(key, choice);
  }
}
