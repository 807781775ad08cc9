/** The player over the whole screen; its controls rest when nobody moves. */
const restMs = 3_000;

/** iPhones give the whole screen to a video alone, with controls of their own. */
interface NativeFullScreen {
  webkitEnterFullscreen(): void;
}
const isNative = (element: object): element is NativeFullScreen => 'webkitEnterFullscreen' in element;

export class FullScreen {
  #on = $state(false);
  #awake = $state(true);
  #timer: ReturnType<typeof setTimeout> | undefined;

  get on(): boolean {
    return this.#on;
  }
  get awake(): boolean {
    return this.#awake;
  }

  wake = () => {
    this.#awake = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#awake = false), restMs);
  };

  /** The document says that something of it covers the screen, or nothing any more. */
  follow(frame: HTMLElement | undefined) {
    this.#on = frame !== undefined && document.fullscreenElement === frame;
    this.wake();
  }

  async toggle(frame: HTMLElement | undefined, picture: HTMLVideoElement | undefined): Promise<void> {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else if (frame && document.fullscreenEnabled) await frame.requestFullscreen();
      else if (picture && isNative(picture)) picture.webkitEnterFullscreen();
    } catch {
      // The browser refuses without a gesture; the page stays as it is.
    }
  }
}
