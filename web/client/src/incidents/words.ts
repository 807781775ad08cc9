import type { IncidentKind, IncidentStateName } from '@keshi/contract/incidents';
import type { Catalogue } from '#i18n/zh-CN/catalogue.ts';
import type { Tone } from '#ui/state.ts';

/** A suspicion asks for attention; only what a person confirmed is a finding. */
export const stateTones: Record<IncidentStateName, Exclude<Tone, 'plain'>> = {
  open: 'attention',
  'live-look': 'attention',
  appealed: 'attention',
  dismissed: 'counting',
  granted: 'counting',
  confirmed: 'finding',
  refused: 'finding',
};

/** Where it was: `第 1 课 第一课`, `考试 结业考试`, or what kind of place where it has no name. */
export function placeOf(
  { kind, title, ordinal }: { kind: IncidentKind; title: string; ordinal: number | null },
  t: Catalogue,
): string {
  if (ordinal !== null) return t.incidents.inClass(String(ordinal), title);
  return title ? `${t.incidents.kinds[kind]} ${title}` : t.incidents.kinds[kind];
}
