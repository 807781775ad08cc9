/** The four states that mean the same everywhere, and a fifth for what is merely said. */
export type Tone = 'counting' | 'attention' | 'absent' | 'finding' | 'plain';

/** Sign beside the colour, because colour alone says nothing to some. */
export const signs: Record<Tone, string> = {
  counting: '✓',
  attention: '!',
  absent: '–',
  finding: '▲',
  plain: '',
};

export const toneText: Record<Tone, string> = {
  counting: 'text-counting',
  attention: 'text-attention',
  absent: 'text-absent',
  finding: 'text-finding',
  plain: 'text-ink-muted',
};

export const toneSoft: Record<Tone, string> = {
  counting: 'bg-counting-soft text-counting',
  attention: 'bg-attention-soft text-attention',
  absent: 'bg-absent-soft text-absent',
  finding: 'bg-finding-soft text-finding',
  plain: 'bg-sunken text-ink-muted',
};
