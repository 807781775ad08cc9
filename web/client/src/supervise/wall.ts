import type { BoardTotals } from '@keshi/contract/domain';

/** Blocked texts are a finding; a thin class asks for attention; the rest is fine. */
export function wallTone(entry: {
  totals: BoardTotals;
  alerts: number;
}): 'finding' | 'attention' | 'counting' {
  if (entry.alerts > 0) return 'finding';
  const { present, expected, minimumRate } = entry.totals;
  return expected > 0 && present / expected < minimumRate ? 'attention' : 'counting';
}
