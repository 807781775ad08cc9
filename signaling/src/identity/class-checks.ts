/**
 * Who in a class is asked to show themself, and when [AT7, PR4]: held by the class's coordinator, stored before it is asked,
 * and rebuilt from what is stored by whoever takes the class over. One round at a time reads and writes for everybody.
 */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { IdentityAsk, OwnEyeNotice } from '@keshi/contract/class-checks';
import type { BoardIdentity } from '@keshi/contract/domain';
import { isUnavailable } from '@keshi/db/client';
import type { FaceCheck, FaceCheckState } from '@keshi/db/face-checks';
import type { Waiting } from '@keshi/db/recognitions';
import { answerMs, hourAt, judgedWithinMs, type PlannedAsk } from '@keshi/rules/check-plan';
import type { Logger } from '@keshi/runtime/log';
import { liveMs, type Classroom } from '../coordinator/classroom.ts';
import type { Broadcast, LearnerIdentity } from '../coordinator/messages.ts';
import { identityPolicyFrom, policyFrom } from '../presence/policy.ts';
import {
  cameBack,
  demand,
  dueNow,
  isSilent,
  newLearner,
  recognised,
  settled,
  standingNow,
  stands,
  takingBack,
  type LearnerChecks,
  type Moment,
} from './learner.ts';
import type { CheckStore } from './store.ts';

export interface ClassChecks {
  /** Null where nobody is asked. */
  of(userId: string): LearnerIdentity | null;
  /** As it was last told: the same object until it changes. */
  onBoard(userId: string): BoardIdentity | null;
  /** Of whom `onBoard` says something new since this was last asked. */
  takeChanged(): Iterable<string>;
  /** Something about this learner has been stored. */
  hint(userId: string, stored: { checkId: string | null; decided: boolean }): void;
  /** False when there is nothing to ask. */
  demand(userId: string, notice: OwnEyeNotice | 'retry'): boolean;
  /** `at`: ms that never go back. */
  tick(at: number): void;
  close(): void;
}

export interface ClassChecksDeps {
  room: () => Classroom;
  store: CheckStore;
  now: () => number;
  send: (message: Broadcast) => void;
  /** [PR7] 1, or more where the proctors cannot keep up. */
  stretch: () => number;
  /** How many classes this node coordinates. */
  neighbours: () => number;
  databaseFailed: (error: unknown) => void;
  log: Logger;
}

/**
 * Between two rounds, ms by a steady clock; a large class is gone through more rarely, and so is each of many. What is told
 * of is not waited for.
 */
const roundMs = 1_000;
const longestRoundMs = 3_000;
const learnersForMore = 500;
const classesForMore = 500;
const pauseAfterFailureMs = 2_000;
/** In one round; more than a class of ten thousand needs, less than what would hold up everybody else. */
const mostAsks = 200;

const drawn = () => randomInt(2 ** 32) / 2 ** 32;
const drawnMotion = () => (randomInt(2) === 0 ? 'left' : 'right');

export function createClassChecks(deps: ClassChecksDeps): ClassChecks {
  const { room, store, now, log } = deps;
  const learners = new Map<string, LearnerChecks>();
  /** Of whom the board has not been told anew. */
  const changed = new Set<string>();
  /** Told of since the last round: their rows are read. */
  const hintedChecks = new Set<string>();
  const hintedPeople = new Set<string>();
  const hintedFindings = new Set<string>();
  /** Questions whose learners went, until that is stored. */
  const dropped = new Set<string>();
  const storedWaits = new WeakSet<Waiting>();
  // A class that has not begun has nothing stored yet: nobody is asked before.
  let loaded = room().startedAt === null;
  let running = false;
  let closed = false;
  let nextRoundAt = 0;

  const isAsking = () => policyFrom(room().policy).signIn === 'required';

  function moment(): Moment {
    const at = now();
    const policy = policyFrom(room().policy);
    return {
      now: at,
      hour: hourAt(liveMs(room(), at), policy),
      random: drawn,
      stretch: deps.stretch(),
      policy,
      identity: identityPolicyFrom(room().policy),
    };
  }

  function learnerOf(userId: string): LearnerChecks {
    const known = learners.get(userId);
    if (known) return known;
    const fresh = newLearner(userId);
    learners.set(userId, fresh);
    return fresh;
  }

  async function load(): Promise<void> {
    const { checks, errors, failed, signIns, recognitions } = await store.load(room().id);
    const at = moment();
    for (const learner of learners.values()) {
      const { way, here, told } = learner;
      learners.set(learner.userId, { ...newLearner(learner.userId), way, here, told });
    }
    for (const { userId, hour } of signIns) learnerOf(userId).signed.add(hour);
    for (const check of checks) take(check, at);
    for (const recognition of recognitions) recognised(learnerOf(recognition.userId), recognition, at);
    for (const { userId, judged } of failed) stands(learnerOf(userId), judged);
    for (const [userId, count] of errors) {
      const learner = learnerOf(userId);
      learner.state = { ...learner.state, errors: Math.max(count, learner.state.errors) };
    }
    loaded = true;
  }

  /** As it is stored. */
  function take(check: FaceCheckState, at: Moment): void {
    const learner = learnerOf(check.userId);
    if (check.settledAt === null) {
      learner.open = check;
      return;
    }
    const refusedOurWay = learner.open?.id === check.id && check.verdict === null;
    settled(learner, check, at);
    // It was not this node that dropped it: consent has gone, and with it the way by the face [PR1].
    if (refusedOurWay) {
      learner.way = 'person';
      learner.plan = null;
    }
  }

  /** Who came, who went and who came back. Answers who is here. */
  function follow(at: Moment): LearnerChecks[] {
    const present: LearnerChecks[] = [];
    const { online } = room();
    for (const userId of online.keysOf('attendee')) {
      const learner = learnerOf(userId);
      present.push(learner);
      if (!learner.here) {
        learner.here = true;
        learner.told = null;
        changed.add(userId);
        cameBack(learner, false, at);
      }
    }
    for (const learner of learners.values())
      if (learner.here && !online.has(learner.userId)) {
        learner.here = false;
        if (drop(learner)) cameBack(learner, true, at);
      }
    return present;
  }

  /** What was answered is judged all the same. */
  function drop(learner: LearnerChecks): boolean {
    const { open } = learner;
    if (!open || open.answeredAt !== null) return false;
    dropped.add(open.id);
    learner.open = null;
    return true;
  }

  async function readWays(userIds: readonly string[]): Promise<void> {
    if (userIds.length === 0) return;
    const withFace = await store.peopleWithFace(userIds);
    for (const userId of userIds) learnerOf(userId).way = withFace.has(userId) ? 'face' : 'person';
  }

  async function readHints(): Promise<void> {
    const ids = [...hintedChecks];
    const people = [...hintedPeople];
    if (ids.length > 0) {
      const rows = await store.read(ids);
      for (const id of ids) hintedChecks.delete(id);
      for (const row of rows) take(row, moment());
    }
    if (people.length > 0) {
      const rows = await store.recognitionsOf(room().id, people);
      for (const userId of people) hintedPeople.delete(userId);
      for (const row of rows) recognised(learnerOf(row.userId), row, moment());
    }
  }

  /** A finding that was dismissed, or undone by an appeal, has taken its checks with it [PR5, CH3]. */
  async function readFindings(): Promise<void> {
    const people = [...hintedFindings];
    if (people.length === 0) return;
    const rows = await store.judgedOf(room().id, people);
    for (const userId of people) hintedFindings.delete(userId);
    for (const { userId, judged } of rows) stands(learnerOf(userId), judged);
  }

  /** The row is the truth: whoever answered in time is not called silent because a hint was lost. */
  async function settleSilentOnes(at: Moment): Promise<void> {
    const silent: LearnerChecks[] = [];
    for (const learner of learners.values()) if (isSilent(learner, at.now)) silent.push(learner);
    // Asked by a former coordinator, and not come back since: that is absence.
    for (const learner of silent) if (!learner.here) drop(learner);
    const ids = silent.flatMap(({ open }) => (open ? [open.id] : []));
    if (ids.length === 0) return;
    const judgedBefore = at.now - judgedWithinMs;
    const done = await store.settleSilent({ ids, at: at.now, judgedBefore });
    for (const check of done) take(check, moment());
    const others = ids.filter((id) => !done.some((check) => check.id === id));
    for (const check of await store.read(others)) take(check, moment());
  }

  async function storeDrops(): Promise<void> {
    const ids = [...dropped];
    if (ids.length === 0) return;
    await store.drop({ ids, at: now() });
    for (const id of ids) dropped.delete(id);
  }

  async function askThoseDue(present: readonly LearnerChecks[], at: Moment): Promise<void> {
    const due: { learner: LearnerChecks; ask: PlannedAsk }[] = [];
    const { online } = room();
    for (const learner of present) {
      const ask = dueNow(learner, at);
      if (ask && online.has(learner.userId)) due.push({ learner, ask });
    }
    // [PR7] Sign-ins come first; the others wait for the next round, and none is left out.
    due.sort((a, b) => rank(a.ask) - rank(b.ask) || a.ask.at - b.ask.at);
    const now = due.slice(0, mostAsks);
    if (now.length === 0) return;
    const asked = now.map(({ learner, ask }) => ({ learner, check: toCheck(learner, ask, at) }));
    const stored = await store.ask(asked.map(({ check }) => check));
    let unknown = false;
    for (const { learner, check } of asked) {
      if (stored.has(check.id)) {
        learner.open = { ...check, answeredAt: null, settledAt: null, verdict: null };
        learner.plan = null;
      } else unknown = true;
    }
    // An open question is stored of which this node knows nothing: everything is read again.
    if (unknown) loaded = false;
  }

  function toCheck(learner: LearnerChecks, ask: PlannedAsk, at: Moment): FaceCheck {
    const { purpose, cause, pictures, motion } = ask;
    return {
      id: randomUUID(),
      kind: 'class',
      contextId: room().id,
      userId: learner.userId,
      purpose,
      hour: purpose === 'sign-in' ? at.hour : null,
      cause,
      nonce: randomBytes(18).toString('base64url'),
      pictures,
      motion: motion ? drawnMotion() : null,
      askedAt: at.now,
      deadline: at.now + answerMs,
    };
  }

  async function storeWaits(present: readonly LearnerChecks[]): Promise<void> {
    const waiting: Waiting[] = [];
    for (const { wait } of present) if (wait && !storedWaits.has(wait)) waiting.push(wait);
    if (waiting.length === 0) return;
    await store.wait(room().id, waiting);
    for (const wait of waiting) storedWaits.add(wait);
  }

  function tell(present: readonly LearnerChecks[]): void {
    const at = moment();
    const news: LearnerIdentity[] = [];
    for (const learner of present) {
      const { told, last } = learner;
      const standing = standingNow(learner, at);
      const askId = openAsk(learner)?.id ?? null;
      const { length: checks } = takingBack(learner);
      if (told?.standing === standing && told.askId === askId && told.checks === checks) continue;
      const { state, signedHours, overdueSince } = standing;
      const board = { state, signedHours, overdueSince, checkedAt: last?.at ?? null };
      learner.told = { askId, checks, standing, board };
      changed.add(learner.userId);
      if (told !== null || state !== 'none') news.push(viewOf(learner, at));
    }
    if (news.length > 0) deps.send({ kind: 'identity', learners: news });
  }

  function viewOf(learner: LearnerChecks, at: Moment): LearnerIdentity {
    const open = openAsk(learner);
    return {
      userId: learner.userId,
      ask: open && toAsk(open),
      standing: standingNow(learner, at),
      checks: takingBack(learner),
    };
  }

  async function round(): Promise<void> {
    if (!loaded) await load();
    const present = follow(moment());
    await readWays(present.flatMap(({ way, userId }) => (way === 'unread' ? [userId] : [])));
    await readHints();
    await readFindings();
    await settleSilentOnes(moment());
    const isLive = room().state === 'live';
    // Nobody is asked, and nobody is to answer, while the class does not run.
    if (!isLive) for (const learner of learners.values()) drop(learner);
    await storeDrops();
    if (isLive && !closed) {
      await askThoseDue(present, moment());
      await storeWaits(present);
    }
    if (!closed) tell(present);
  }

  return {
    of(userId) {
      const learner = learners.get(userId);
      return learner && loaded ? viewOf(learner, moment()) : null;
    },
    onBoard: (userId) => learners.get(userId)?.told?.board ?? null,
    takeChanged() {
      const taken = [...changed];
      changed.clear();
      return taken;
    },
    hint(userId, { checkId, decided }) {
      if (decided) hintedFindings.add(userId);
      else if (checkId === null) hintedPeople.add(userId);
      else hintedChecks.add(checkId);
      nextRoundAt = 0;
    },
    demand(userId, notice) {
      const learner = learners.get(userId);
      if (!loaded || !learner || room().state !== 'live') return false;
      nextRoundAt = 0;
      return demand(learner, notice, moment());
    },
    tick(at) {
      if (running || closed || at < nextRoundAt || !isAsking()) return;
      // Before its first minute a class has asked nobody, and a class that never ran has nothing to read.
      if (room().startedAt === null) return;
      running = true;
      const rarer = 1 + learners.size / learnersForMore + deps.neighbours() / classesForMore;
      nextRoundAt = at + Math.min(longestRoundMs, roundMs * rarer);
      round()
        .catch((error: unknown) => {
          nextRoundAt = performance.now() + pauseAfterFailureMs;
          if (isUnavailable(error)) deps.databaseFailed(error);
          log.warn({ err: error }, 'the checks of the class wait');
        })
        .finally(() => (running = false));
    },
    close() {
      closed = true;
    },
  };
}

/** What is waiting to be answered. */
const openAsk = ({ open }: LearnerChecks) => (open?.answeredAt === null ? open : null);
const rank = ({ purpose }: PlannedAsk) => (purpose === 'sign-in' ? 0 : purpose === 'recheck' ? 1 : 2);

function toAsk({ id, nonce, purpose, hour, pictures, motion, deadline }: FaceCheckState): IdentityAsk {
  return { id, nonce, purpose: purpose === 'exam' ? 'check' : purpose, hour, pictures, motion, deadline };
}
