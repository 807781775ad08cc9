/** The learner's own chip: what has counted so far in this class, and whether it counts now [AT5]. */
import type { JudgedCheck } from '@keshi/contract/class-checks';
import type { CountedNow } from '@keshi/contract/domain';
import { attendance } from '@keshi/rules/attendance';
import { counting } from '@keshi/rules/counting';
import type { Outage } from '@keshi/rules/outages';
import type { AttendancePolicy } from '@keshi/rules/policy';
import { openInterval, type PresenceInterval, type Visit } from '@keshi/rules/presence';
import type { LiveTime } from '../coordinator/messages.ts';

export interface CountedFacts {
  visit: {
    state: Visit;
    settled: readonly PresenceInterval[];
    visible: boolean;
    overdueSince: number | null;
  };
  /** Of the same learner's other visits. */
  earlier: readonly PresenceInterval[];
  checks: readonly JudgedCheck[];
  live: LiveTime;
  outages: readonly Outage[];
  policy: AttendancePolicy;
  now: number;
}

export function countedNow(facts: CountedFacts): CountedNow {
  const { visit, earlier, checks, live, outages, policy, now } = facts;
  const open = openInterval(visit.state);
  const intervals = [...earlier, ...visit.settled, ...(open ? [open] : [])];
  const { presentMs } = attendance({
    intervals,
    checks,
    live: live.spans,
    outages,
    policy,
    now,
    endedAt: live.endedAt,
  });
  const state = liveState(live);
  const verdict = counting({
    live: state,
    connection:
      visit.state.state === 'away' && visit.state.reason === 'silent' ? 'disconnected' : 'connected',
    visible: visit.visible,
    pip: false,
    identityOverdue: visit.overdueSince !== null,
  });
  const countingNow = verdict.state === 'counting';
  return {
    countedMs: presentMs,
    // While it counts, what lies after the last proof is not proven yet: the page goes on from there.
    asOf: countingNow && open ? Math.max(open.lastProof, lastSpanStart(live)) : now,
    counting: countingNow,
    reason: verdict.reason,
    since: sinceWhen(facts, verdict.state),
  };
}

export function liveState({ spans, endedAt }: LiveTime): 'not-started' | 'live' | 'paused' | 'ended' {
  if (endedAt !== null) return 'ended';
  const last = spans.at(-1);
  if (!last) return 'not-started';
  return last.to === null ? 'live' : 'paused';
}

function lastSpanStart({ spans }: LiveTime): number {
  return spans.at(-1)?.from ?? 0;
}

function sinceWhen(
  { visit, live }: CountedFacts,
  state: ReturnType<typeof counting>['state'],
): number | null {
  switch (state) {
    case 'counting':
      return visit.state.state === 'present' ? Math.max(visit.state.open.from, lastSpanStart(live)) : null;
    case 'identity':
      return visit.overdueSince;
    case 'hidden':
    case 'disconnected':
      return visit.state.state === 'away' ? visit.state.since : null;
    case 'not-live':
      return live.spans.at(-1)?.to ?? null;
    case 'ended':
      return live.endedAt;
  }
}
