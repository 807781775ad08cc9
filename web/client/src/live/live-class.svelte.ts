/** One class on this page: connection, what is known of it, the learner's own count, and its media. */
import type { IdentityAsk, IdentityStanding } from '@keshi/contract/class-checks';
import type { CountedNow } from '@keshi/contract/domain';
import type { LiveLook } from '@keshi/contract/live-looks';
import type { ClientEventName, Reply, Request, ServerPayload } from '@keshi/contract/signaling';
import {
  ClassSocketError,
  createClassSocket,
  type ClassSocket,
  type Connection,
} from '../net/class-socket.ts';
import { mediaDevice } from '../net/media/device.ts';
import { answered, applyEvent, applyTally, viewOf, voted, type ClassView } from './class-view.ts';
import { LiveMedia } from './live-media.svelte.ts';

export interface LiveClassOptions {
  classId: string;
  ticket: () => Promise<{ ticket: string; signalingUrl: string }>;
  device: 'desktop' | 'phone' | 'tablet' | 'unknown';
  /** An observer who only reads the board takes no media. */
  watch: boolean;
}

type Trouble = ServerPayload<'trouble'>;

export class LiveClass {
  #connection = $state.raw<Connection>({ state: 'connecting' });
  #view = $state.raw<ClassView | null>(null);
  #counted = $state.raw<CountedNow | null>(null);
  #ask = $state.raw<IdentityAsk | null>(null);
  #look = $state.raw<LiveLook | null>(null);
  #standing = $state.raw<IdentityStanding | null>(null);
  #speaking = $state.raw<readonly string[]>([]);
  #troubles = $state.raw<readonly Trouble[]>([]);
  #media = $state.raw<LiveMedia | null>(null);
  #mediaUnsupported = $state(false);
  #pictureInPicture = $state(false);

  readonly socket: ClassSocket;
  #options: LiveClassOptions;
  #mediaReady: Promise<void> | undefined;
  #beatTimer: ReturnType<typeof setInterval> | undefined;
  #left = false;

  constructor(options: LiveClassOptions) {
    this.#options = options;
    this.socket = createClassSocket({
      classId: options.classId,
      ticket: options.ticket,
      tab: crypto.randomUUID(),
      onConnected: (again) => this.#join(again),
      onConnection: (connection) => this.#connectionChanged(connection),
    });
    this.#listen();
  }

  get connection() {
    return this.#connection;
  }
  get view() {
    return this.#view;
  }
  get counted() {
    return this.#counted;
  }
  /** What this learner is asked to show, while it is open. */
  get identityAsk() {
    return this.#ask;
  }
  get identity() {
    return this.#standing;
  }
  /** The latest a supervisor asked for. */
  get look() {
    return this.#look;
  }
  get speaking() {
    return this.#speaking;
  }
  get troubles() {
    return this.#troubles;
  }
  get media() {
    return this.#media;
  }
  /** The browser has no usable WebRTC: everything but picture and sound still works. */
  get mediaUnsupported() {
    return this.#mediaUnsupported;
  }

  get isHost() {
    return this.#view?.you.role === 'host';
  }
  get onStage() {
    const view = this.#view;
    return view?.stage.find((member) => member.userId === view.you.userId) ?? null;
  }

  /** Counted so far, running on while it counts [AT1]; the server's next word corrects it. */
  countedMs(now: number): number {
    const counted = this.#counted;
    if (!counted) return 0;
    return counted.counting && this.#connection.state === 'online'
      ? counted.countedMs + Math.max(0, now - counted.asOf)
      : counted.countedMs;
  }

  async enter() {
    document.addEventListener('visibilitychange', this.#visibilityChanged);
    window.addEventListener('pagehide', this.#pageHidden);
    // The device is made ready while the ticket and the connection are on their way.
    if (this.#options.watch) this.#mediaReady = this.#prepareMedia();
    await this.socket.open();
  }

  async #prepareMedia() {
    try {
      const device = await mediaDevice();
      if (!this.#left) this.#media = new LiveMedia(device, this.socket);
    } catch {
      this.#mediaUnsupported = true;
    }
  }

  leave() {
    if (this.#left) return;
    this.#left = true;
    document.removeEventListener('visibilitychange', this.#visibilityChanged);
    window.removeEventListener('pagehide', this.#pageHidden);
    this.socket.leave();
  }

  get #visible() {
    return document.visibilityState === 'visible' || this.#pictureInPicture;
  }

  /** Picture-in-picture counts as being there [AT1]. */
  setPictureInPicture(open: boolean) {
    this.#pictureInPicture = open;
    this.#beat();
  }

  #visibilityChanged = () => this.#beat();
  #pageHidden = (event: PageTransitionEvent) => {
    if (!event.persisted) this.leave();
  };

  #beat = () => this.socket.beat({ visible: this.#visible, rttMs: this.#media?.rttMs ?? null });

  #connectionChanged(connection: Connection) {
    this.#connection = connection;
    if (connection.state !== 'online') clearInterval(this.#beatTimer);
    if (connection.state === 'closed') {
      document.removeEventListener('visibilitychange', this.#visibilityChanged);
      window.removeEventListener('pagehide', this.#pageHidden);
      this.#media?.close();
    }
  }

  async #join(again: boolean) {
    await this.#mediaReady;
    const media = this.#media;
    const {
      snapshot,
      missed,
      media: joined,
    } = await this.socket.request('join', {
      rtpCapabilities: media ? media.rtpCapabilities : null,
      resume: again && (media?.alive ?? false),
      mediaNode: again && media?.alive ? media.nodeId : null,
      audioOnly: media?.audioOnly ?? false,
      lastSeq: again ? (this.#view?.seq ?? null) : null,
      visible: this.#visible,
      device: this.#options.device,
    });
    performance.mark('keshi:joined');
    // The snapshot holds all that was missed; alerts are the only thing it does not carry.
    const alerts = (missed ?? []).flatMap((event) =>
      event.type === 'screening.alerted' ? [event.alert] : [],
    );
    this.#view = { ...viewOf(snapshot), alerts: [...(this.#view?.alerts ?? []), ...alerts] };
    this.#counted = snapshot.counted;
    clearInterval(this.#beatTimer);
    this.#beatTimer = setInterval(this.#beat, snapshot.you.beatMs);
    // Chat and questions do not wait for the picture.
    if (media && joined) media.joined(joined).catch(() => media.rejoin());
    else if (media) media.rejoin();
  }

  #listen() {
    const { socket } = this;
    socket.on('events', ({ events }) => {
      if (!this.#view) return;
      const wasOnStage = this.onStage?.state === 'on';
      this.#view = events.reduce(applyEvent, this.#view);
      // Off the stage, or the class is over: nothing of ours may stay on.
      const over = this.#view.class.state === 'ended' || this.#view.class.state === 'cancelled';
      if (over || (wasOnStage && this.onStage?.state !== 'on' && !this.isHost)) this.#media?.stopAll();
    });
    socket.on('counts', (counts) => {
      if (this.#view) this.#view = { ...this.#view, counts };
    });
    socket.on('tally', (tally) => {
      if (this.#view) this.#view = applyTally(this.#view, tally);
    });
    socket.on('counted', (counted) => (this.#counted = counted));
    socket.on('identity.ask', (ask) => (this.#ask = ask));
    socket.on('identity.look', (look) => (this.#look = look));
    socket.on('identity.standing', (standing) => this.#stands(standing));
    socket.on('speaking', ({ userIds }) => (this.#speaking = userIds));
    socket.on('trouble', (trouble) => {
      const others = this.#troubles.filter((row) => row.kind !== trouble.kind);
      this.#troubles = trouble.healed ? others : [...others, trouble];
    });
    socket.on('media.consumer', (options) => this.#media?.consumerNew(options));
    socket.on('media.closed', ({ consumerId }) => this.#media?.consumerClosed(consumerId));
    socket.on('media.paused', ({ consumerId, paused }) => this.#media?.consumerPaused(consumerId, paused));
    socket.on('media.layers', ({ consumerId, layers }) => this.#media?.consumerLayers(consumerId, layers));
    socket.on('media.reset', ({ reason }) => this.#media?.rejoin(reason));
    socket.on('recording', ({ state }) => {
      if (this.#view) this.#view = { ...this.#view, recording: state };
    });
  }

  #stands(standing: IdentityStanding) {
    const before = this.#standing?.overdueSince ?? null;
    this.#standing = standing;
    if (standing.state !== 'asked') this.#ask = null;
    // Presence goes on with this proof, not with the next of the usual ones.
    if (before !== null && standing.overdueSince === null) this.#beat();
  }

  /** Sends a command; throws `ClassSocketError` with the code to translate. */
  ask<K extends ClientEventName>(name: K, payload: Request<K>): Promise<Reply<K>> {
    return this.socket.request(name, payload);
  }

  async vote(id: string, vote: boolean) {
    await this.ask('question.vote', { id, vote });
    if (this.#view) this.#view = voted(this.#view, id, vote);
  }

  async answerQuiz(quizId: string, choice: number[]) {
    try {
      await this.ask('quiz.answer', { quizId, choice });
    } catch (error) {
      // The answer was stored; only the acknowledgement was lost.
      if (!(error instanceof ClassSocketError && error.code === 'already-done')) throw error;
    }
    if (this.#view) this.#view = answered(this.#view, quizId, choice);
  }
}
