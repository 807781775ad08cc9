/** What a supervisor reads beside a learner's name: a coarse word, no fingerprint. */
export function deviceKind(): 'desktop' | 'phone' | 'tablet' | 'unknown' {
  if (!matchMedia('(pointer: coarse)').matches) return 'desktop';
  const shortSide = Math.min(screen.width, screen.height);
  return shortSide === 0 ? 'unknown' : shortSide < 600 ? 'phone' : 'tablet';
}
