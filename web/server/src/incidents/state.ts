import type { Incident, IncidentChange } from '@keshi/db/incidents';
import type { IncidentState } from '@keshi/rules/incidents';

/** An incident as the rules see it. Throws when a column is missing that its state has: the database forbids it. */
export function stateOf(row: Incident): IncidentState {
  const undecided = { decideBy: row.decideBy, escalatedAt: row.escalatedAt };
  switch (row.state) {
    case 'open':
      return { kind: 'open', ...undecided };
    case 'live-look':
      return { kind: 'live-look', asked: actOf(row.lookAskedAt, row.lookAskedBy), ...undecided };
    case 'dismissed':
      return { kind: 'dismissed', decision: actOf(row.decidedAt, row.decidedBy) };
    case 'confirmed':
      return {
        kind: 'confirmed',
        decision: actOf(row.decidedAt, row.decidedBy),
        appealBy: given(row.appealBy),
      };
    case 'appealed':
      return {
        kind: 'appealed',
        decision: actOf(row.decidedAt, row.decidedBy),
        appealedAt: given(row.appealedAt),
        ...undecided,
      };
    case 'granted':
    case 'refused':
      return {
        kind: row.state,
        decision: actOf(row.decidedAt, row.decidedBy),
        appealedAt: given(row.appealedAt),
        appealDecision: actOf(row.appealDecidedAt, row.appealDecidedBy),
      };
  }
}

/** What of the rules' state is written by every step alike. */
export function changeTo(state: IncidentState): IncidentChange {
  return {
    state: state.kind,
    ...('decideBy' in state ? { decideBy: state.decideBy, escalatedAt: state.escalatedAt } : {}),
    ...('appealBy' in state ? { appealBy: state.appealBy } : {}),
  };
}

function actOf(at: number | null, by: string | null): { at: number; by: string } {
  return { at: given(at), by: given(by) };
}

function given<T>(value: T | null): T {
  if (value === null) throw new Error('a stored incident lacks what its state has');
  return value;
}
