/** Full screen, and a phone on its side: the stage fills everything, and the controls over it fade when nobody moves. */
import { MediaQuery } from 'svelte/reactivity';

const fadeMs = 3_500;

export class Immersion {
  #phoneOnItsSide = new MediaQuery('(orientation: landscape) and (max-height: 30rem)');
  #fullScreen = $state(false);
  #awake = $state(true);
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly canFullScreen = document.fullscreenEnabled;

  get fullScreen() {
    return this.#fullScreen;
  }
  get on() {
    return this.#fullScreen || this.#phoneOnItsSide.current;
  }
  get controlsShown() {
    return !this.on || this.#awake;
  }

  /** Somebody moved, touched or typed. */
  wake = () => {
    this.#awake = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#awake = false), fadeMs);
  };

  /** The whole document, because dialogs and menus stand beside the room, not in it. */
  toggle = async () => {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await document.documentElement.requestFullscreen();
    } catch {
      // The browser refuses without a gesture; the page stays as it is.
      this.#fullScreen = document.fullscreenElement !== null;
    }
  };

  /** Follows the document until the returned function is called. */
  follow(): () => void {
    const changed = () => {
      this.#fullScreen = document.fullscreenElement !== null;
      this.wake();
    };
    document.addEventListener('fullscreenchange', changed);
    return () => {
      document.removeEventListener('fullscreenchange', changed);
      clearTimeout(this.#timer);
    };
  }
}
