/** Between the page and its eye. The eye has the clock: browsers slow a page's timers down, a worker's they do not. */
import type { Sight } from './look.ts';

/** What the eye asked for; it is the eye's to close. */
export interface ToEye {
  readonly bitmap: ImageBitmap;
}

export type FromEye =
  /** It is time for a picture. */
  | { readonly kind: 'look' }
  /** `ms` is what the look took. */
  | { readonly kind: 'sight'; readonly sight: Sight; readonly ms: number }
  /** It cannot see here, and never will. */
  | { readonly kind: 'blind' };
