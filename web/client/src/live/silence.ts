import type { App } from '#session/app.svelte.ts';
import type { ClassView } from './class-view.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Why the person cannot write now, in words; undefined when they can. Listening and counting go on either way. */
export function silenceOf(
  view: ClassView,
  now: number,
  { t, fmt }: Pick<App, 't' | 'fmt'>,
): string | undefined {
  if (view.class.state === 'ended' || view.class.state === 'cancelled') return t.live.chatOver;
  const until = view.you.mutedUntil;
  if (until === null || until <= now) return undefined;
  // "Until the class ends" arrives as an instant in the far future.
  return until > view.class.scheduledEnd + dayMs ? t.live.mutedForClass : t.live.mutedUntil(fmt.time(until));
}
