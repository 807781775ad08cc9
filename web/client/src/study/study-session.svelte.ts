/**
 * The player's side of a session: what plays is looked at, reported, and led back to where something is missing. What
 * counts is the server's to say; the page only shows it.
 */
import type { ChallengeAnswer, StudyReason, StudyStanding } from '@keshi/contract/study';
import { untrack } from 'svelte';
import type { Api } from '#net/api.ts';
import { type Failure, failureOf } from '#net/failure.ts';
import { freshMs, joined, lookedAt, type Stretch, told } from './watched.ts';

/** What the session needs of whatever plays. */
export interface Player {
  readonly position: number;
  readonly playing: boolean;
  pause(): void;
  play(): void;
  seek(position: number): void;
}

type Phase = 'idle' | 'starting' | 'earning' | 'elsewhere' | 'failed';

const lookMs = 250;
/** Without an answer for so long the picture waits: more than a minute cannot be credited afterwards [WL1]. */
const offlineMs = 45_000;
/** So much rarer a player reports of which there is nothing to tell. */
const quietTimes = 3;
/** Further than this from the first missing moment, something lies between. */
const holeMs = 5_000;

interface Deps {
  api: Api;
  lessonId: string;
  standing: StudyStanding;
  player: () => Player;
  onended: (kind: 'live' | 'lesson' | 'exam') => void;
  onled: () => void;
}

export class StudySession {
  #deps: Deps;
  #standing: StudyStanding;
  #phase = $state<Phase>('idle');
  #failure = $state.raw<Failure>();
  #offline = $state(false);
  #hidden = $state(false);
  #stretches = $state.raw<readonly Stretch[]>([]);
  #sent = $state.raw<readonly Stretch[]>([]);
  #sessionId = '';
  #seq = 0;
  #reportMs = 10_000;
  #reportedAt = 0;
  #answeredAt = 0;
  #reporting = false;
  #done = false;
  /** It played when it was stopped by a question, and goes on after it. */
  #goesOn = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#standing = $state.raw(deps.standing);
  }

  get standing(): StudyStanding {
    return this.#standing;
  }
  get phase(): Phase {
    return this.#phase;
  }
  get failure(): Failure | undefined {
    return this.#failure;
  }
  get offline(): boolean {
    return this.#offline;
  }
  /** With what is on its way to be counted. */
  get countedMs(): number {
    const fresh = freshMs([...this.#sent, ...this.#stretches], this.#standing.coverage);
    return Math.min(this.#standing.lengthMs, this.#standing.countedMs + fresh);
  }
  /** What the chip says. */
  get reason(): StudyReason {
    const { reason, complete } = this.#standing;
    if (complete) return 'complete';
    if (this.#phase === 'elsewhere') return 'no-lease';
    if (this.#hidden) return 'hidden';
    if (reason === 'paused' || reason === 'counting')
      return this.#phase === 'earning' && this.#deps.player().playing ? 'counting' : 'paused';
    return reason;
  }
  /** [WL2] How far one may jump and how fast it may run. */
  get bounds(): { to: number; rate: number } {
    const { complete, coverage } = this.#standing;
    if (complete) return { to: Infinity, rate: Infinity };
    const watched = [...this.#sent, ...this.#stretches].map(([, to]) => to);
    return { to: Math.max(0, coverage.at(-1)?.[1] ?? 0, ...watched), rate: 1 };
  }

  /** An effect for as long as the page is there. */
  run(): () => void {
    const look = setInterval(() => this.#look(), lookMs);
    const hidden = () => this.#seen();
    document.addEventListener('visibilitychange', hidden);
    return () => {
      clearInterval(look);
      document.removeEventListener('visibilitychange', hidden);
      void this.flush();
    };
  }

  /** Earns here from now on, and no more wherever the account earned before [WL4]. */
  async start(): Promise<void> {
    if (this.#phase === 'starting') return;
    this.#phase = 'starting';
    this.#failure = undefined;
    try {
      const { api, lessonId, onended } = this.#deps;
      const started = await api.call('startStudy', { params: { lessonId } });
      this.#sessionId = started.sessionId;
      this.#seq = 0;
      this.#reportMs = started.reportMs;
      this.#reportedAt = this.#answeredAt = performance.now();
      this.#stretches = this.#sent = [];
      this.#phase = 'earning';
      if (started.ended) onended(started.ended);
      this.#take(started.standing);
    } catch (thrown) {
      this.#phase = 'failed';
      this.#failure = failureOf(thrown);
    }
  }

  /** Of a lesson without a time line: its reader says that it is read [WL9]. */
  markDone(): void {
    this.#done = true;
    void this.flush();
  }

  get done(): boolean {
    return this.#done;
  }

  async answer(answer: ChallengeAnswer): Promise<StudyStanding> {
    const { api, lessonId } = this.#deps;
    const standing = await api.call('answerChallenge', {
      params: { lessonId },
      body: { sessionId: this.#sessionId, answer },
    });
    this.#reportedAt = this.#answeredAt = performance.now();
    this.#take(standing);
    return standing;
  }

  /** Reports now what played so far. */
  async flush(): Promise<void> {
    if (this.#phase !== 'earning' || this.#reporting) return;
    this.#reporting = true;
    this.#reportedAt = performance.now();
    const { api, lessonId, player } = this.#deps;
    const position = Math.round(player().position);
    this.#sent = joined(this.#sent, this.#stretches);
    this.#stretches = [];
    this.#seq += 1;
    try {
      const standing = await api.call('reportStudy', {
        params: { lessonId },
        body: {
          sessionId: this.#sessionId,
          seq: this.#seq,
          spans: told(this.#sent),
          visible: document.visibilityState === 'visible' || this.#sent.length > 0,
          position,
          ...(this.#done ? { done: true } : {}),
        },
      });
      const reported = this.#sent.at(-1)?.[1];
      this.#sent = [];
      this.#answeredAt = performance.now();
      this.#offline = false;
      this.#take(standing, reported);
    } catch (thrown) {
      // What was not answered is told again with what comes after it: it is credited once, whatever arrived.
      this.#failure = failureOf(thrown);
    } finally {
      this.#reporting = false;
    }
  }

  #look(): void {
    if (this.#phase !== 'earning') return;
    const player = this.#deps.player();
    const { complete, challenge, locked } = this.#standing;
    // Asked each time: whoever takes the listener away gains nothing by it [WL5].
    this.#hidden = document.visibilityState === 'hidden';
    if (player.playing && !this.#hidden && !complete && !challenge && !locked)
      this.#stretches = lookedAt(this.#stretches, player.position);
    const now = performance.now();
    const ended = this.#stretches.at(-1)?.[1] ?? 0;
    const atEnd = !complete && ended >= this.#standing.lengthMs - 300 && now - this.#reportedAt > 1_000;
    const tells = this.#stretches.length > 0 || this.#sent.length > 0 || challenge !== null;
    const waitMs = this.#reportMs * (tells ? 1 : quietTimes);
    if (now - this.#reportedAt >= waitMs || atEnd) void this.flush();
    if (now - this.#answeredAt > offlineMs && player.playing && !complete) {
      this.#offline = true;
      player.pause();
    }
  }

  /** [WL5] */
  #seen(): void {
    this.#hidden = document.visibilityState === 'hidden';
    if (!this.#hidden) return;
    if (!this.#standing.complete) this.#deps.player().pause();
    void this.flush();
  }

  #take(standing: StudyStanding, reported?: number): void {
    const player = this.#deps.player();
    const before = untrack(() => this.#standing);
    this.#standing = standing;
    this.#failure = undefined;
    if (standing.reason === 'no-lease') {
      this.#phase = 'elsewhere';
      player.pause();
      return;
    }
    const stops = standing.challenge !== null || standing.locked !== null;
    if (stops) {
      this.#goesOn ||= player.playing;
      player.pause();
      this.#stretches = [];
      this.#lead(standing);
    } else if (before.challenge !== null || before.locked !== null) {
      this.#lead(standing);
      if (this.#goesOn && !standing.complete) player.play();
      this.#goesOn = false;
    } else if (!standing.complete && reported !== undefined && reported > standing.resumeAt + holeMs) {
      this.#lead(standing);
      this.#deps.onled();
    }
  }

  /** [WL3] To the first moment that is missing, when it lies elsewhere. */
  #lead({ complete, resumeAt }: StudyStanding): void {
    const player = this.#deps.player();
    if (!complete && Math.abs(player.position - resumeAt) > 400) player.seek(resumeAt);
    this.#stretches = [];
  }
}
