/** Where being recognised stands for one learner of a class, and what is to be asked next. Knows no clock and no database. */
import type { IdentityStanding, JudgedCheck, OwnEyeNotice } from '@keshi/contract/class-checks';
import type { BoardIdentity } from '@keshi/contract/domain';
import type { FaceCheckState } from '@keshi/db/face-checks';
import type { Recognition, RecognitionCause, Waiting } from '@keshi/db/recognitions';
import {
  isOverdue,
  picturesFor,
  planAfter,
  signInDelay,
  silentAfterMs,
  type LastAsk,
  type PlannedAsk,
} from '@keshi/rules/check-plan';
import {
  afterCheck,
  nextCheck,
  standingOf,
  untouched,
  type IdentityState,
} from '@keshi/rules/identity-checks';
import type { IdentityPolicy } from '@keshi/rules/identity-policy';
import type { AttendancePolicy } from '@keshi/rules/policy';

export interface LearnerChecks {
  readonly userId: string;
  /** How this learner is recognised; not read from the database yet. */
  way: 'unread' | 'face' | 'person';
  state: IdentityState;
  readonly signed: Set<number>;
  open: FaceCheckState | null;
  last: LastAsk | null;
  /** What came of every question in this class, in the order of time. */
  judged: JudgedCheck[];
  plan: { readonly hour: number; readonly ask: PlannedAsk } | null;
  wait: Waiting | null;
  /** The hour for which a person did not recognise this learner. */
  refusedHour: number | null;
  seatEmpty: boolean;
  /** Its camera calls itself a virtual one, and no turn of the head has been asked for since. */
  virtualCamera: boolean;
  here: boolean;
  overdueSince: number | null;
  /** As it was last told, and since when that has held. */
  told: {
    readonly askId: string | null;
    /** How many checks took something back. */
    readonly checks: number;
    readonly standing: IdentityStanding;
    readonly board: BoardIdentity;
  } | null;
}

export function newLearner(userId: string): LearnerChecks {
  return {
    userId,
    way: 'unread',
    state: untouched,
    signed: new Set(),
    open: null,
    last: null,
    judged: [],
    plan: null,
    wait: null,
    refusedHour: null,
    seatEmpty: false,
    virtualCamera: false,
    here: false,
    overdueSince: null,
    told: null,
  };
}

/** What is decided under. */
export interface Moment {
  readonly now: number;
  /** Of the class, from 1. */
  readonly hour: number;
  readonly random: () => number;
  readonly stretch: number;
  readonly policy: AttendancePolicy;
  readonly identity: IdentityPolicy;
}

/** A question is over. Without a verdict it was dropped. */
export function settled(learner: LearnerChecks, check: FaceCheckState, moment: Moment): void {
  const { verdict, settledAt } = check;
  if (learner.open?.id === check.id) learner.open = null;
  if (settledAt === null || verdict === null) return;
  const at = check.answeredAt ?? settledAt;
  judge(learner, { at: check.answeredAt ?? Math.min(check.deadline, settledAt), verdict, by: 'face' });
  if (learner.last && learner.last.at > at) return;
  learner.state = afterCheck(learner.state, { at, verdict }, moment.identity);
  if (verdict === 'match') {
    learner.seatEmpty = false;
    if (check.hour !== null) learner.signed.add(check.hour);
    if (learner.wait?.hour === check.hour) learner.wait = null;
  }
  learner.last = { at, verdict, wasRetry: check.cause === 'failed', askedMotion: check.motion !== null };
  if (learner.virtualCamera && verdict === 'match') askToTurn(learner, moment);
  else planNext(learner, learner.last, moment);
}

function planNext(learner: LearnerChecks, last: LastAsk, moment: Moment): void {
  const { hour, now, random, stretch } = moment;
  const signedIn = learner.signed.has(hour);
  const given = { signedIn, state: learner.state, random: random(), motionRandom: random(), stretch };
  const ask = planAfter(last, given, moment.identity);
  learner.plan = ask && { hour, ask };
  if (!ask && learner.wait?.hour !== hour && learner.refusedHour !== hour)
    beginWait(learner, hour, now, learner.state.callsPerson ? 'errors' : 'failed');
}

function beginWait(learner: LearnerChecks, hour: number, since: number, cause: RecognitionCause): void {
  learner.wait = { userId: learner.userId, hour, since, cause };
  learner.plan = null;
}

/** Said twice it is known once. */
function judge(learner: LearnerChecks, one: JudgedCheck): void {
  if (!learner.judged.some(({ at, by }) => at === one.at && by === one.by)) learner.judged.push(one);
}

/** What presence is counted with: nothing, as long as none has failed [PR5]. */
export const takingBack = ({ judged }: LearnerChecks): JudgedCheck[] =>
  judged.some(({ verdict }) => standingOf(verdict) === 'failed') ? judged : [];

/**
 * What stands of everything that was judged, as it is stored: without the checks of a finding that a person dismissed.
 * Where nothing that failed stands any more, nothing is failing either.
 */
export function stands(learner: LearnerChecks, judged: JudgedCheck[]): void {
  learner.judged = judged;
  const { state } = learner;
  if (!judged.some(({ verdict }) => standingOf(verdict) === 'failed'))
    learner.state = { ...state, failures: [], incident: null };
}

/** A person has decided, or nobody has yet. */
export function recognised(learner: LearnerChecks, recognition: Recognition, moment: Moment): void {
  const { hour, decision, decidedAt } = recognition;
  if (decision === null) {
    if (!learner.signed.has(hour)) learner.wait = recognition;
    return;
  }
  if (learner.wait?.hour === hour) learner.wait = null;
  if (decision === 'refused') {
    if (hour === moment.hour) learner.refusedHour = hour;
    return;
  }
  if (decidedAt !== null) judge(learner, { at: decidedAt, verdict: 'match', by: 'person' });
  learner.signed.add(hour);
  learner.seatEmpty = false;
  learner.refusedHour = null;
  // Whoever was looked at and known by a person has passed, whatever the camera had said.
  learner.state = { ...learner.state, failures: [], lastPassedAt: decidedAt };
}

/** What is to be asked of a learner who is here, at this moment; null for nothing. Begins a wait where a face says nothing. */
export function dueNow(learner: LearnerChecks, moment: Moment): PlannedAsk | null {
  const { now, hour, random, policy } = moment;
  if (learner.open || learner.way === 'unread') return null;
  if (!learner.signed.has(hour)) {
    if (learner.wait?.hour === hour && learner.plan === null) return null;
    if (learner.way === 'person') {
      if (learner.refusedHour !== hour) beginWait(learner, hour, now, 'no-face');
      return null;
    }
    if (learner.plan?.hour !== hour || learner.plan.ask.purpose !== 'sign-in') {
      if (learner.refusedHour === hour) return null;
      if (learner.state.callsPerson) {
        beginWait(learner, hour, now, 'errors');
        return null;
      }
      const at = now + signInDelay(random(), policy);
      learner.plan = { hour, ask: { at, purpose: 'sign-in', cause: 'schedule', ...picturesFor(1, false) } };
    }
  } else if (learner.way === 'person') return null;
  else if (!learner.plan || learner.plan.ask.purpose === 'sign-in') {
    const last = { at: now, verdict: 'match', wasRecheck: false } as const;
    const given = { place: 'class', random: random(), stretch: moment.stretch } as const;
    const { at } = nextCheck(last, given, moment.identity);
    const motion = random() < moment.identity.motionShare;
    learner.plan = { hour, ask: { at, purpose: 'check', cause: 'schedule', ...picturesFor(1, motion) } };
  }
  const ask = learner.plan?.ask;
  return ask && ask.at <= now ? ask : null;
}

/** The learner, or what looks after the learner, wants a question now [PR5]. False when none can be asked. */
export function demand(learner: LearnerChecks, notice: OwnEyeNotice | 'retry', moment: Moment): boolean {
  const { hour, now } = moment;
  const signedIn = learner.signed.has(hour);
  if (learner.way !== 'face') {
    if (notice !== 'retry' || learner.way === 'unread' || signedIn) return false;
    // Whoever was not recognised by a person may be looked at again.
    if (learner.refusedHour === hour) {
      learner.refusedHour = null;
      beginWait(learner, hour, now, 'no-face');
    }
    return true;
  }
  if (notice === 'nobody-long' || notice === 'ended') learner.seatEmpty = true;
  if (notice === 'virtual-camera') {
    learner.virtualCamera = true;
    if (!learner.open) askToTurn(learner, moment);
    return true;
  }
  if (learner.open) return true;
  const cause = notice === 'retry' ? 'return' : 'detector';
  // One that is about to be asked is asked now; nothing is asked twice in a moment.
  if (learner.last && now - learner.last.at < shortestApartMs) return true;
  learner.plan = {
    hour,
    ask: { at: now, purpose: signedIn ? 'check' : 'sign-in', cause, ...picturesFor(1, false) },
  };
  return true;
}

/** Some need such a camera, to use a phone as theirs; a picture that is fed in does not turn as it is told. */
function askToTurn(learner: LearnerChecks, { hour, now, random }: Moment): void {
  learner.virtualCamera = false;
  const purpose = learner.signed.has(hour) ? 'check' : 'sign-in';
  const at = now + Math.floor(random() * turnWithinMs);
  learner.plan = { hour, ask: { at, purpose, cause: 'virtual-camera', ...picturesFor(1, true) } };
}

const turnWithinMs = 60_000;
const shortestApartMs = 5_000;

/** Who comes back to a question that was dropped, or to failures, is asked anew as soon as the camera can be open. */
export function cameBack(learner: LearnerChecks, hadOpen: boolean, moment: Moment): void {
  const { hour, now } = moment;
  if (learner.way !== 'face' || !(hadOpen || learner.state.failures.length > 0 || learner.seatEmpty)) return;
  const purpose = learner.signed.has(hour) ? 'check' : 'sign-in';
  learner.plan = {
    hour,
    ask: { at: now + cameraOpensMs, purpose, cause: 'return', ...picturesFor(1, false) },
  };
}

const cameraOpensMs = 2_000;

/** Whether nobody can be answering any more. */
export const isSilent = ({ open }: LearnerChecks, now: number) =>
  open !== null && now >= open.deadline + silentAfterMs;

/** The same object as was last told, as long as nothing in it has changed: it is looked at every second. */
export function standingNow(
  learner: LearnerChecks,
  { now, hour }: Pick<Moment, 'now' | 'hour'>,
): IdentityStanding {
  if (!isOverdue(learner, now)) learner.overdueSince = null;
  else
    learner.overdueSince ??=
      learner.state.failures.length > 0 || learner.seatEmpty ? now : (learner.open?.deadline ?? now);
  const state = stateOf(learner, hour);
  const verdict = learner.last?.verdict ?? null;
  const { signed, overdueSince, told } = learner;
  const known = told?.standing;
  const goesOn = known?.state === state && known.verdict === verdict;
  const { signedHours: hours = [] } = known ?? {};
  if (goesOn && known.overdueSince === overdueSince && isOf(hours, signed)) return known;
  const signedHours = [...signed].sort((a, b) => a - b);
  return { state, verdict, since: goesOn ? known.since : now, signedHours, overdueSince };
}

const isOf = (hours: readonly number[], signed: ReadonlySet<number>) =>
  hours.length === signed.size && hours.every((hour) => signed.has(hour));

function stateOf(learner: LearnerChecks, hour: number): IdentityStanding['state'] {
  if (learner.open && learner.open.answeredAt === null) return 'asked';
  if (learner.wait?.hour === hour) return 'waiting';
  if (learner.refusedHour === hour) return 'refused';
  if (learner.state.failures.length > 0 || learner.seatEmpty) return 'failed';
  return learner.signed.has(hour) || learner.state.lastPassedAt !== null ? 'passed' : 'none';
}
