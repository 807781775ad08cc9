/** Which pictures there are, and which of them is the large one: pure, so that every layout can be told in a test. */
import type { MediaSource } from '@keshi/contract/domain';
import type { StageMember } from '@keshi/contract/signaling';

export type Layout = 'speaker' | 'gallery' | 'screen';

export interface StageTile {
  key: string;
  userId: string;
  name: string;
  source: Extract<MediaSource, 'camera' | 'screen'>;
  consumerId: string | null;
  track: MediaStreamTrack | undefined;
  /** On stage but not (or no longer) sending this picture. */
  off: boolean;
  micMuted: boolean;
  /** Switched off by the host, not by its owner. */
  held: boolean;
  own: boolean;
  host: boolean;
}

export interface Incoming {
  consumerId: string;
  userId: string;
  source: MediaSource;
  kind: 'audio' | 'video';
  track: MediaStreamTrack;
  producerPaused: boolean;
}

export interface Arranged {
  main: StageTile | null;
  /** Shown small over the main picture: the instructor beside a shared screen. */
  inset: StageTile | null;
  strip: StageTile[];
}

/** Host first, then in the order they came on stage; a person's screen before their camera. */
export function tilesOf(
  stage: readonly StageMember[],
  incoming: readonly Incoming[],
  own: { userId: string; local: ReadonlyMap<MediaSource, MediaStreamTrack> },
): StageTile[] {
  const on = stage.filter((member) => member.state === 'on');
  const ordered = [...on].sort((a, b) => Number(b.role === 'host') - Number(a.role === 'host'));
  return ordered.flatMap((member) => {
    const mine = member.userId === own.userId;
    const stateOf = (source: MediaSource) => member.sources.find((row) => row.source === source);
    const mic = stateOf('mic');
    const micMuted = !mic || mic.paused || mic.held;
    const tile = (source: 'camera' | 'screen'): StageTile => {
      const state = stateOf(source);
      const stream = incoming.find((row) => row.userId === member.userId && row.source === source);
      return {
        key: `${member.userId}-${source}`,
        userId: member.userId,
        name: member.name,
        source,
        consumerId: mine ? null : (stream?.consumerId ?? null),
        track: mine ? own.local.get(source) : stream?.track,
        off: !state || state.paused || state.held || (stream?.producerPaused ?? false),
        micMuted,
        held: state?.held ?? false,
        own: mine,
        host: member.role === 'host',
      };
    };
    const screen = stateOf('screen') ? [tile('screen')] : [];
    return [...screen, tile('camera')];
  });
}

export function arrange(tiles: readonly StageTile[], layout: Layout, speaking: readonly string[]): Arranged {
  const screen = tiles.find((tile) => tile.source === 'screen');
  const host = tiles.find((tile) => tile.host && tile.source === 'camera');
  if (layout === 'gallery') return { main: null, inset: null, strip: [...tiles] };
  if (screen) {
    const inset = layout === 'screen' ? null : (host ?? null);
    return {
      main: screen,
      inset,
      strip: layout === 'screen' ? [] : tiles.filter((tile) => tile !== screen && tile !== inset),
    };
  }
  // Whoever speaks is large; silence leaves the instructor there.
  const loudest = tiles.find((tile) => tile.source === 'camera' && tile.userId === speaking[0] && !tile.off);
  const main = layout === 'speaker' ? (loudest ?? host ?? tiles[0] ?? null) : (host ?? tiles[0] ?? null);
  return { main, inset: null, strip: layout === 'screen' ? [] : tiles.filter((tile) => tile !== main) };
}

/** The simulcast layer that a picture of this height (device pixels) deserves: 180, 360 and 720 lines. */
export function layerFor(height: number): { spatial: number } {
  return { spatial: height > 420 ? 2 : height > 210 ? 1 : 0 };
}
