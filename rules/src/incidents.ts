/**
 * What becomes of a finding [CH3, CH4]: a suspicion until a person decides, with a term to decide, and a term to appeal.
 * Whoever it is about decides nothing in it, and nobody decides about an appeal against himself.
 */
import { mainland, type Calendar } from './working-calendar.ts';
import { afterDays, afterWorkingDays } from './working-days.ts';

export interface IncidentPolicy {
  /** CH4: working days to decide, of a finding and of an appeal. */
  readonly decideWorkingDays: number;
  /** CH4: days to appeal. */
  readonly appealDays: number;
}

export const defaultIncidentPolicy: IncidentPolicy = { decideWorkingDays: 5, appealDays: 15 };

interface Decided {
  readonly at: number;
  readonly by: string;
}

interface Undecided {
  readonly decideBy: number;
  /** [CH4] When it was overdue and others were told; null while it is not. */
  readonly escalatedAt: number | null;
}

export type IncidentState =
  | ({ readonly kind: 'open' } & Undecided)
  /** Somebody is to look at the learner live before it is decided. */
  | ({ readonly kind: 'live-look'; readonly asked: Decided } & Undecided)
  | { readonly kind: 'dismissed'; readonly decision: Decided }
  | { readonly kind: 'confirmed'; readonly decision: Decided; readonly appealBy: number }
  | ({ readonly kind: 'appealed'; readonly decision: Decided; readonly appealedAt: number } & Undecided)
  | {
      readonly kind: 'granted' | 'refused';
      readonly decision: Decided;
      readonly appealedAt: number;
      readonly appealDecision: Decided;
    };

export type IncidentStep =
  | { readonly kind: 'confirm' | 'dismiss' | 'live-look' | 'grant' | 'refuse'; readonly by: string }
  /** By whom it is about. */
  | { readonly kind: 'appeal' }
  /** By nobody: time went by. */
  | { readonly kind: 'escalate' };

export type StepRefused =
  /** Not from this state: somebody was faster, or it is over. */
  | 'not-now'
  /** The time to appeal is over, or that to decide is not. */
  | 'not-in-time'
  /** One's own finding, or an appeal against one's own decision. */
  | 'not-by-this-person';

export type Stepped =
  | { readonly ok: true; readonly state: IncidentState }
  | { readonly ok: false; readonly problem: StepRefused };

interface Given {
  /** Whom it is about. */
  readonly learnerId: string;
  readonly at: number;
  readonly policy?: IncidentPolicy;
  readonly calendar?: Calendar;
}

const refused = (problem: StepRefused): Stepped => ({ ok: false, problem });
const stepped = (state: IncidentState): Stepped => ({ ok: true, state });

export function opened(at: number, policy = defaultIncidentPolicy, calendar = mainland): IncidentState {
  return {
    kind: 'open',
    decideBy: afterWorkingDays(at, policy.decideWorkingDays, calendar),
    escalatedAt: null,
  };
}

/** The state after a step, or why it cannot be taken. An overdue decision is late, never impossible. */
export function step(state: IncidentState, what: IncidentStep, given: Given): Stepped {
  const { at, learnerId, policy = defaultIncidentPolicy, calendar = mainland } = given;
  if ('by' in what && what.by === learnerId) return refused('not-by-this-person');
  switch (what.kind) {
    case 'confirm':
    case 'dismiss': {
      if (state.kind !== 'open' && state.kind !== 'live-look') return refused('not-now');
      const decision = { at, by: what.by };
      return stepped(
        what.kind === 'dismiss'
          ? { kind: 'dismissed', decision }
          : { kind: 'confirmed', decision, appealBy: afterDays(at, policy.appealDays) },
      );
    }
    case 'live-look': {
      if (state.kind !== 'open') return refused('not-now');
      const { decideBy, escalatedAt } = state;
      return stepped({ kind: 'live-look', asked: { at, by: what.by }, decideBy, escalatedAt });
    }
    case 'appeal': {
      if (state.kind !== 'confirmed') return refused('not-now');
      if (at >= state.appealBy) return refused('not-in-time');
      return stepped({
        kind: 'appealed',
        decision: state.decision,
        appealedAt: at,
        decideBy: afterWorkingDays(at, policy.decideWorkingDays, calendar),
        escalatedAt: null,
      });
    }
    case 'grant':
    case 'refuse': {
      if (state.kind !== 'appealed') return refused('not-now');
      const { decision, appealedAt } = state;
      if (decision.by === what.by) return refused('not-by-this-person');
      return stepped({
        kind: what.kind === 'grant' ? 'granted' : 'refused',
        decision,
        appealedAt,
        appealDecision: { at, by: what.by },
      });
    }
    case 'escalate':
      if (!isUndecided(state) || state.escalatedAt !== null) return refused('not-now');
      return at < state.decideBy ? refused('not-in-time') : stepped({ ...state, escalatedAt: at });
  }
}

export function isUndecided(
  state: IncidentState,
): state is Extract<IncidentState, { kind: 'open' | 'live-look' | 'appealed' }> {
  return state.kind === 'open' || state.kind === 'live-look' || state.kind === 'appealed';
}

/** Whether the violation counts against the learner's hours in the course. */
export function stands(state: IncidentState): boolean {
  return state.kind === 'confirmed' || state.kind === 'appealed' || state.kind === 'refused';
}

/** [PR6] Whether the pictures are still needed: until the final decision and its appeal term. */
export function holdsPictures(state: IncidentState, at: number): boolean {
  switch (state.kind) {
    case 'open':
    case 'live-look':
    case 'appealed':
      return true;
    case 'confirmed':
      return at < state.appealBy;
    case 'dismissed':
    case 'granted':
    case 'refused':
      return false;
  }
}
