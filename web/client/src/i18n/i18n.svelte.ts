import type { Locale } from '@keshi/contract/domain';
import { Format } from './format.ts';
import type { Catalogue } from './zh-CN/catalogue.ts';

const key = 'keshi.locale';

/** A language is fetched when somebody speaks it. */
const catalogues: Record<Locale, () => Promise<Catalogue>> = {
  'zh-CN': async () => (await import('./zh-CN/catalogue.ts')).catalogue,
  en: async () => (await import('./en/catalogue.ts')).catalogue,
};

/** What this browser was told before, else the first language of the browser that the product speaks. */
export function preferredLocale(storage: Storage): Locale {
  const stored = storage.getItem(key);
  if (stored === 'zh-CN' || stored === 'en') return stored;
  for (const language of navigator.languages) {
    if (language.startsWith('zh')) return 'zh-CN';
    if (language.startsWith('en')) return 'en';
  }
  return 'zh-CN';
}

/**
 * The words of the interface: `t.today.title`, `t.today.startsIn(time)`. Whatever reads `t` or `fmt` in a template
 * follows a change of language without the page being built again, so a running class is not disturbed.
 */
export class I18n {
  #locale: Locale;
  #catalogue: Catalogue;
  #storage: Storage;
  readonly t: Catalogue;
  readonly fmt: Format;

  constructor(locale: Locale, catalogue: Catalogue, storage: Storage, now: () => number) {
    this.#locale = $state(locale);
    this.#catalogue = $state.raw(catalogue);
    this.#storage = storage;
    const areas = {};
    for (const area of Object.keys(catalogue) as (keyof Catalogue)[])
      Object.defineProperty(areas, area, { enumerable: true, get: () => this.#catalogue[area] });
    this.t = areas as Catalogue;
    this.fmt = new Format(() => this.#locale, now);
    document.documentElement.lang = locale;
  }

  get locale(): Locale {
    return this.#locale;
  }

  async change(locale: Locale): Promise<void> {
    const catalogue = await catalogues[locale]();
    this.#storage.setItem(key, locale);
    this.#catalogue = catalogue;
    this.#locale = locale;
    document.documentElement.lang = locale;
  }
}

export async function createI18n(deps: {
  locale: Locale;
  storage: Storage;
  now: () => number;
}): Promise<I18n> {
  return new I18n(deps.locale, await catalogues[deps.locale](), deps.storage, deps.now);
}
