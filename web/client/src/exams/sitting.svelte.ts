/**
 * An attempt while it is written: what is answered is on this device at once, on the server within seconds, and again
 * whenever the network comes back [EX1, EX2].
 */
import type { IdentityAsk } from '@keshi/contract/class-checks';
import type { AttemptPaper, AttemptSave } from '@keshi/contract/http/exams';
import type { ItemAnswer } from '@keshi/contract/items';
import type { Api } from '#net/api.ts';
import type { ServerClock } from '#net/clock.svelte.ts';
import { ApiError, type Failure, failureOf } from '#net/failure.ts';
import type { Draft, DraftStore } from './draft-store.ts';

export type SittingState =
  | { state: 'opening' }
  | { state: 'held'; why: 'elsewhere' | 'door'; ask: IdentityAsk | null }
  | { state: 'writing' }
  | { state: 'taken-over' }
  | { state: 'ended'; why: 'submitted' | 'expired' }
  | { state: 'failed'; failure: Failure };

interface Deps {
  api: Api;
  clock: ServerClock;
  drafts: DraftStore;
  examId: string;
  visible: () => boolean;
}

/** After the last key stroke. */
const restMs = 800;
const againMs = { first: 1_000, most: 10_000 };
const heldAgainMs = 3_000;
/** What is sent at once stays well below what a request may hold. */
const mostChars = 20_000;

export class Sitting {
  #state = $state.raw<SittingState>({ state: 'opening' });
  #paper = $state.raw<AttemptPaper | null>(null);
  #answers = $state.raw<ReadonlyMap<number, ItemAnswer | null>>(new Map());
  #pending = $state.raw<ReadonlyMap<number, Draft>>(new Map());
  #saving = $state(false);
  #offline = $state(false);
  #deadline = $state<number | null>(null);
  #stray = $state<'late' | 'refused' | null>(null);
  #ask = $state.raw<IdentityAsk | null>(null);
  #sequence = 0;
  #change = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flight: Promise<void> | null = null;
  #retryMs = againMs.first;
  #closed = false;
  #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  get state(): SittingState {
    return this.#state;
  }
  get paper(): AttemptPaper | null {
    return this.#paper;
  }
  get answers(): ReadonlyMap<number, ItemAnswer | null> {
    return this.#answers;
  }
  /** How many answers the server does not have yet. */
  get unsaved(): number {
    return this.#pending.size;
  }
  get saving(): boolean {
    return this.#saving;
  }
  get offline(): boolean {
    return this.#offline;
  }
  get deadline(): number | null {
    return this.#deadline;
  }
  /** Something came after the deadline: what became of it. */
  get stray(): 'late' | 'refused' | null {
    return this.#stray;
  }
  /** The face is to be shown now. */
  get ask(): IdentityAsk | null {
    return this.#ask;
  }

  async open(): Promise<void> {
    const { api, clock, drafts, examId } = this.#deps;
    clearTimeout(this.#timer);
    const sentAt = performance.now();
    try {
      const reply = await api.call('openAttempt', { params: { id: examId } });
      if (this.#closed) return;
      if (reply.state === 'held') {
        this.#state = { state: 'held', why: reply.why, ask: reply.ask };
        this.#timer = setTimeout(() => void this.open(), heldAgainMs);
        return;
      }
      const { paper } = reply;
      clock.sync(paper.serverTime, sentAt, performance.now());
      const kept = await drafts.all(paper.id);
      if (this.#closed) return;
      this.#take(paper, kept);
    } catch (thrown) {
      if (!this.#closed) this.#state = { state: 'failed', failure: failureOf(thrown) };
    }
  }

  /** What this device still has goes on top of what the server has, unless a later page has written there since. */
  #take(paper: AttemptPaper, kept: readonly Draft[]): void {
    const answers = new Map(paper.questions.map(({ position, answer }) => [position, answer]));
    const leases = new Map(paper.questions.map(({ position, lease }) => [position, lease]));
    const pending = new Map<number, Draft>();
    for (const draft of kept) {
      if ((leases.get(draft.position) ?? Infinity) > draft.lease) continue;
      answers.set(draft.position, draft.answer);
      pending.set(draft.position, draft);
    }
    this.#change = Math.max(0, ...kept.map(({ change }) => change));
    this.#sequence = 0;
    this.#paper = paper;
    this.#deadline = paper.deadline;
    this.#answers = answers;
    this.#pending = pending;
    this.#state = { state: 'writing' };
    this.#plan(pending.size > 0 ? 0 : paper.beatMs);
  }

  answer(position: number, answer: ItemAnswer | null): void {
    const paper = this.#paper;
    if (!paper || this.#state.state !== 'writing') return;
    this.#change += 1;
    const draft = { attemptId: paper.id, position, answer, lease: paper.lease, change: this.#change };
    this.#answers = new Map(this.#answers).set(position, answer);
    this.#pending = new Map(this.#pending).set(position, draft);
    // Without a database of its own the device still has it in memory, and the server within seconds.
    this.#deps.drafts.put(draft).catch(() => undefined);
    if (!this.#offline) this.#plan(restMs);
  }

  /** Tells the server at once: the page was left or looked at again, or the network is back. */
  now(): void {
    if (this.#state.state === 'writing') this.#plan(0);
  }

  checked(): void {
    this.#ask = null;
    this.now();
  }

  #plan(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#save(), ms);
  }

  #save(): Promise<void> {
    this.#flight ??= this.#send().finally(() => (this.#flight = null));
    return this.#flight;
  }

  async #send(): Promise<void> {
    const paper = this.#paper;
    if (!paper || this.#state.state !== 'writing') return;
    const sent = firstOf([...this.#pending.values()]);
    this.#saving = sent.length > 0;
    this.#sequence += 1;
    const body: AttemptSave = {
      lease: paper.lease,
      sequence: this.#sequence,
      visible: this.#deps.visible(),
      answers: sent.map(({ position, answer }) => ({ position, answer })),
    };
    try {
      const reply = await this.#deps.api.call('saveAnswers', { params: { id: paper.id }, body });
      this.#offline = false;
      this.#retryMs = againMs.first;
      this.#deadline = reply.deadline;
      this.#ask = reply.ask;
      if (reply.standing !== 'accepted') this.#stray = sent.length > 0 ? reply.standing : this.#stray;
      this.#stored(sent);
      if (reply.standing !== 'accepted' && this.#pending.size === 0) this.#over();
      else this.#plan(this.#pending.size > 0 ? 0 : paper.beatMs);
    } catch (thrown) {
      this.#failed(failureOf(thrown));
    } finally {
      this.#saving = false;
    }
  }

  #stored(sent: readonly Draft[]): void {
    const pending = new Map(this.#pending);
    for (const draft of sent)
      if (pending.get(draft.position)?.change === draft.change) pending.delete(draft.position);
    this.#pending = pending;
    this.#deps.drafts.remove(sent).catch(() => undefined);
  }

  #failed(failure: Failure): void {
    switch (failure.code) {
      case 'taken-over':
        this.#state = { state: 'taken-over' };
        return;
      case 'offline':
      case 'unavailable':
      case 'busy':
      case 'rate-limited':
      case 'draining':
      case 'internal':
        this.#offline = true;
        this.#plan(failure.retryMs ?? this.#retryMs);
        this.#retryMs = Math.min(againMs.most, this.#retryMs * 2);
        return;
      default:
        this.#state = { state: 'failed', failure };
    }
  }

  #over(): void {
    this.#state = { state: 'ended', why: 'expired' };
  }

  /** [EX3] Everything that is written first, then once. Throws what the server refused. */
  async submit(): Promise<void> {
    const paper = this.#paper;
    if (!paper) return;
    clearTimeout(this.#timer);
    do await this.#save();
    while (this.#pending.size > 0 && !this.#offline && this.#state.state === 'writing');
    if (this.#state.state !== 'writing') return;
    // What the server does not have would be left out.
    if (this.#pending.size > 0) throw new ApiError({ code: 'offline' });
    await this.#deps.api.call('submitAttempt', { params: { id: paper.id }, body: { lease: paper.lease } });
    this.#state = { state: 'ended', why: 'submitted' };
    this.close();
    await this.#deps.drafts.clear(paper.id).catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}

/** As many as fit into one request; at least one. */
function firstOf(drafts: readonly Draft[]): Draft[] {
  const result: Draft[] = [];
  let chars = 0;
  for (const draft of drafts) {
    chars += JSON.stringify(draft.answer).length + 40;
    if (result.length > 0 && chars > mostChars) break;
    result.push(draft);
  }
  return result;
}
