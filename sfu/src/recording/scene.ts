/** Which pictures of the stage are recorded. */
import type { StageStreamInfo } from './stage-tap.ts';

/** Stream ids. */
export interface Scene {
  /** Null: nobody shows anything, the slate stands there. */
  main: string | null;
  /** Only while a screen is the main picture. */
  camera: string | null;
}

/**
 * The screen while one is shared, else the host's camera, else another camera of the stage, in the order of the
 * stage. A paused stream shows nothing. The host's camera is recorded beside a screen.
 */
export function chooseScene(streams: readonly StageStreamInfo[]): Scene {
  const shown = streams.filter(({ paused, kind }) => !paused && kind === 'video');
  const hostCamera = shown.find(({ source, isHost }) => source === 'camera' && isHost);
  const screens = shown.filter(({ source }) => source === 'screen');
  const screen = screens.find(({ isHost }) => isHost) ?? screens[0];
  if (screen) return { main: screen.id, camera: hostCamera?.id ?? null };
  const camera = hostCamera ?? shown.find(({ source }) => source === 'camera');
  return { main: camera?.id ?? null, camera: null };
}
