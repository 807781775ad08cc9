export type ToastTone = 'done' | 'attention' | 'finding';
export interface Toast {
  id: number;
  tone: ToastTone;
  text: string;
  action?: { label: string; run: () => void };
}

const shownMs = 6000;

/** Short words about something that just happened. What must not be missed belongs on the page, not here. */
export class Toasts {
  #all = $state.raw<readonly Toast[]>([]);
  #next = 1;

  get all(): readonly Toast[] {
    return this.#all;
  }

  show(tone: ToastTone, text: string, action?: Toast['action']) {
    const id = this.#next++;
    this.#all = [...this.#all.slice(-2), { id, tone, text, ...(action ? { action } : {}) }];
    // A person needs longer to reach a button than to read a line.
    setTimeout(() => this.dismiss(id), action ? shownMs * 2 : shownMs);
  }

  dismiss(id: number) {
    this.#all = this.#all.filter((toast) => toast.id !== id);
  }
}
