/** The four states that mean the same everywhere, and a fifth for what is merely said. */
export type Tone = 'counting' | 'attention' | 'absent' | 'finding' | 'plain';

export const toneSoft: Record<Tone, string> = {
  counting: 'bg-counting-soft text-counting',
  attention: 'bg-attention-soft text-attention',
  absent: 'bg-absent-soft text-absent',
  finding: 'bg-finding-soft text-finding',
  plain: 'bg-sunken text-ink-muted',
};
