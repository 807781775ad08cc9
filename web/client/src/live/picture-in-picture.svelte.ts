/** The stage in a small window of its own; while it is open the learner is there [AT1]. */
export class PictureInPicture {
  #video: HTMLVideoElement | undefined;
  #tell: (open: boolean) => void;
  readonly possible = document.pictureInPictureEnabled;

  constructor(tell: (open: boolean) => void) {
    this.#tell = tell;
  }

  /** The picture that is large now. */
  show = (video: HTMLVideoElement | undefined) => {
    if (video === this.#video) return;
    this.#video?.removeEventListener('enterpictureinpicture', this.#entered);
    this.#video?.removeEventListener('leavepictureinpicture', this.#left);
    // A window whose video is gone is gone too, and says nothing.
    if (this.#video && document.pictureInPictureElement === this.#video) this.#left();
    this.#video = video;
    video?.addEventListener('enterpictureinpicture', this.#entered);
    video?.addEventListener('leavepictureinpicture', this.#left);
  };

  toggle = async () => {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await this.#video?.requestPictureInPicture();
  };

  #entered = () => this.#tell(true);
  #left = () => this.#tell(false);
}
