/** What a key does in the player; null when it is none of the player's. Pure. */
export type PlayerKey =
  | { kind: 'toggle' | 'mute' | 'full-screen' }
  /** By so many ms. */
  | { kind: 'skip'; by: number }
  /** By so much of the whole range. */
  | { kind: 'louder'; by: number };

export function playerKey(key: string): PlayerKey | null {
  switch (key.length === 1 ? key.toLowerCase() : key) {
    case ' ':
    case 'k':
      return { kind: 'toggle' };
    case 'j':
      return { kind: 'skip', by: -10_000 };
    case 'l':
      return { kind: 'skip', by: 10_000 };
    case 'ArrowLeft':
      return { kind: 'skip', by: -5_000 };
    case 'ArrowRight':
      return { kind: 'skip', by: 5_000 };
    case 'ArrowUp':
      return { kind: 'louder', by: 0.1 };
    case 'ArrowDown':
      return { kind: 'louder', by: -0.1 };
    case 'm':
      return { kind: 'mute' };
    case 'f':
      return { kind: 'full-screen' };
    default:
      return null;
  }
}
