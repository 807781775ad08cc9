import type { PackageView } from '@keshi/contract/http/lessons';
import { type Failure, failureOf } from '#net/failure.ts';

/** How long to wait before what could not be stored is tried again, ms. */
const againMs = 3_000;
/** Elements sent at once: a request holds 100 kB. */
const together = 20;
const statusElement = 'cmi.core.lesson_status';

/** What a part of a package sets, stored one request after the other; nothing is dropped while the network is away. */
export class PackageStore {
  #view = $state.raw<PackageView | null>(null);
  #failure = $state.raw<Failure | undefined>(undefined);
  #save: (cmi: Record<string, string>) => Promise<PackageView>;
  #onsaved: (view: PackageView) => void;
  #waiting = new Map<string, string>();
  #busy = false;

  constructor(options: {
    save: (cmi: Record<string, string>) => Promise<PackageView>;
    onsaved: (view: PackageView) => void;
  }) {
    this.#save = options.save;
    this.#onsaved = options.onsaved;
  }

  get view(): PackageView | null {
    return this.#view;
  }

  /** What is not stored yet, by name. */
  get waiting(): Record<string, string> {
    return Object.fromEntries(this.#waiting);
  }

  /** Why it is not stored at this moment; it is tried again. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** From a stranger's program: whatever is no text by a name is left out. */
  add(cmi: unknown): void {
    for (const [name, value] of Object.entries(Object(cmi)))
      if (typeof value === 'string' && this.#waiting.size < 2_000) this.#waiting.set(name, value);
    void this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#waiting.size > 0) {
      // A status is weighed against the score, which so comes with it or before.
      const sent = [...this.#waiting]
        .toSorted(([a], [b]) => Number(a === statusElement) - Number(b === statusElement))
        .slice(0, together);
      try {
        const view = await this.#save(Object.fromEntries(sent));
        this.#view = view;
        this.#failure = undefined;
        for (const [name, value] of sent) if (this.#waiting.get(name) === value) this.#waiting.delete(name);
        this.#onsaved(view);
      } catch (thrown) {
        this.#failure = failureOf(thrown);
        const { code } = this.#failure;
        if (code === 'invalid-input' || code === 'conflict') {
          // Tried again it would be refused again.
          for (const [name] of sent) this.#waiting.delete(name);
        } else await new Promise((resolve) => setTimeout(resolve, againMs));
      }
    }
    this.#busy = false;
  }
}
