/** [WL9] What plays in a lesson without a time line: the time it is read, from its beginning to the least it takes. */
import type { Player } from './study-session.svelte.ts';

const tickMs = 250;

export class ReadingClock implements Player {
  #lengthMs: number;
  #position = $state(0);
  #playing = $state(false);
  #at = 0;

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  get position(): number {
    return this.#position;
  }
  get playing(): boolean {
    return this.#playing;
  }

  play(): void {
    this.#at = performance.now();
    this.#playing = true;
  }

  pause(): void {
    this.#playing = false;
  }

  seek(position: number): void {
    this.#position = Math.min(position, this.#lengthMs);
  }

  run(): () => void {
    const timer = setInterval(() => {
      if (!this.#playing) return;
      const now = performance.now();
      // A page that was asleep was read by nobody.
      const passed = now - this.#at < 4 * tickMs ? now - this.#at : 0;
      this.#at = now;
      this.#position = Math.min(this.#lengthMs, this.#position + passed);
    }, tickMs);
    return () => clearInterval(timer);
  }
}
