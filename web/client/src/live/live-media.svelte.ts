/** The picture and sound of one class on this page: what comes down, what goes up, and how well. */
import type { Device } from 'mediasoup-client/types';
import type { MediaSource } from '@keshi/contract/domain';
import type { ConsumerOptions, IceServer, PreferredLayers } from '@keshi/contract/media';
import type { JoinedMedia, ServerPayload } from '@keshi/contract/signaling';
import { ClassSocketError, type ClassSocket } from '../net/class-socket.ts';
import { createPublisher, type Publisher } from '../net/media/publisher.ts';
import { createReceiver, type IncomingStream, type Receiver } from '../net/media/receiver.ts';
import { createQualityJudge, qualityOf, readReceiving, type Quality } from './network-quality.ts';
import { readSending, type Sending } from './sending.ts';

type ResetReason = ServerPayload<'media.reset'>['reason'];

const offStage: ReadonlySet<string> = new Set(['not-on-stage', 'not-invited', 'forbidden', 'class-ended']);
/** What flows goes on while these are seen to. */
const playingOn: ReadonlySet<ResetReason> = new Set(['moving', 'capacity', 'resync']);
const statsMs = 3_000;
/** How often the first sound is looked for, at first and later: a quiet stage must not cost a phone its battery. */
const firstAudioMs = 20;
const laterAudioMs = 500;
const rejoinFirstMs = 500;
const rejoinLongestMs = 10_000;

export class LiveMedia {
  #streams = $state.raw<readonly IncomingStream[]>([]);
  #local = $state.raw<ReadonlyMap<MediaSource, MediaStreamTrack>>(new Map());
  #paused = $state.raw<ReadonlySet<MediaSource>>(new Set());
  #audioOnly = $state(false);
  #quality = $state<Quality>('unknown');
  #rttMs = $state<number | null>(null);
  #lost = $state(false);
  #sending = $state.raw<Sending | null>(null);
  #squeezed = $state(false);
  #hlsUrl = $state<string | null>(null);
  #nodeId: string | null = null;

  #socket: ClassSocket;
  #device: Device;
  #receiver: Receiver;
  #publisher: Publisher;
  #iceServers: readonly IceServer[] = [];
  #wanted = new Map<string, string>();
  #rejoinTimer: ReturnType<typeof setTimeout> | undefined;
  #rejoinAttempt = 0;
  #statsTimer: ReturnType<typeof setInterval>;
  #lastCount: { received: number; lost: number } | undefined;
  #closed = false;
  #watchingAudio = false;
  #judge = createQualityJudge();

  constructor(device: Device, socket: ClassSocket) {
    this.#device = device;
    this.#socket = socket;
    this.#receiver = createReceiver({
      device,
      socket,
      onStreams: (streams) => {
        this.#streams = streams;
        if (streams.some((stream) => stream.kind === 'audio')) void this.#watchFirstAudio();
      },
      onFailed: () => this.rejoin(),
    });
    this.#publisher = createPublisher({
      device,
      socket,
      iceServers: () => this.#iceServers,
      onEnded: (source) => void this.unpublish(source).catch(() => undefined),
      onFailed: () => this.rejoin(),
    });
    this.#statsTimer = setInterval(() => void this.#measure(), statsMs);
  }

  get streams() {
    return this.#streams;
  }
  /** The page's own tracks that are up, by source. */
  get local() {
    return this.#local;
  }
  isPaused(source: MediaSource) {
    return this.#paused.has(source);
  }
  get audioOnly() {
    return this.#audioOnly;
  }
  get quality() {
    return this.#quality;
  }
  get rttMs() {
    return this.#rttMs;
  }
  /** Picture and sound are away while the page gets them back by itself. */
  get lost() {
    return this.#lost;
  }
  /** Null while nothing goes up. */
  get sending() {
    return this.#sending;
  }
  /** Pictures are left out for want of room; they come back by themselves. */
  get squeezed() {
    return this.#squeezed;
  }
  /** The class as a stream of files, for want of room; null with media of our own. */
  get hlsUrl() {
    return this.#hlsUrl;
  }
  get rtpCapabilities() {
    return this.#device.recvRtpCapabilities;
  }
  /** The SFU node it is on, as the server told. */
  get nodeId() {
    return this.#nodeId;
  }
  /** Whether a rejoin of the class may keep the transports it has. */
  get alive() {
    return this.#receiver.alive;
  }

  /** With the answer to `join`: set up, or carry on with, what the server has. */
  async joined(media: JoinedMedia, seamless = false) {
    if (media.mode === 'hls') {
      this.#forgetSent();
      this.#receiver.close();
      this.#hlsUrl = media.url;
      this.#squeezed = false;
    } else {
      this.#iceServers = media.iceServers;
      if (media.resumed && this.#receiver.alive) await this.#receiver.reconcile(media.consumers);
      else {
        this.#forgetSent();
        await this.#receiver.open(media.recvTransport, media.consumers, media.iceServers, seamless);
        await this.#republish();
      }
      this.#squeezed = media.squeezed;
      this.#nodeId = media.nodeId;
      this.#hlsUrl = null;
    }
    this.#lost = false;
    this.#rejoinAttempt = 0;
  }

  consumerNew = (options: ConsumerOptions) => void this.#receiver.add(options).catch(() => this.rejoin());
  consumerClosed = (consumerId: string) => this.#receiver.remove(consumerId);
  consumerPaused = (consumerId: string, paused: boolean) =>
    this.#receiver.setProducerPaused(consumerId, paused);
  consumerLayers = (consumerId: string, layers: PreferredLayers | null) =>
    this.#receiver.setLayers(consumerId, layers);

  /**
   * Media is gone while the class goes on: ask for it again, later each time, until it is back. For reasons of the
   * server's own what there is plays on meanwhile.
   */
  rejoin = (reason: ResetReason = 'transport-failed') => {
    if (this.#closed || this.#rejoinTimer !== undefined) return;
    const playsOn = playingOn.has(reason);
    if (!playsOn) this.#lost = true;
    const ceiling = Math.min(rejoinLongestMs, rejoinFirstMs * 2 ** this.#rejoinAttempt);
    this.#rejoinAttempt += 1;
    this.#rejoinTimer = setTimeout(
      () => {
        this.#rejoinTimer = undefined;
        void this.#rejoinNow(reason);
      },
      this.#rejoinAttempt === 1 ? Math.random() * 200 : ceiling / 2 + Math.random() * (ceiling / 2),
    );
  };

  async #rejoinNow(reason: ResetReason) {
    // While the connection itself is away, the join that follows it brings the media too.
    if (this.#closed || this.#socket.connection.state !== 'online') return;
    try {
      const { media } = await this.#socket.request('media.rejoin', {
        rtpCapabilities: this.rtpCapabilities,
        resume: reason === 'resync' && this.#receiver.alive,
        audioOnly: this.#audioOnly,
      });
      await this.joined(media, playingOn.has(reason));
    } catch {
      this.rejoin(this.#receiver.alive && playingOn.has(reason) ? reason : undefined);
    }
  }

  /**
   * The server has closed what it had of ours. Said before anything is awaited: a source switched on from here on (an
   * instructor's after a reload, say) already goes over the new transport, and must not lose it again.
   */
  #forgetSent() {
    this.#wanted.clear();
    this.#publisher.reset();
  }

  /** The camera that was on stays on: its tracks are published over the new transport. */
  async #republish() {
    for (const [source, track] of this.#local) {
      if (track.readyState === 'ended' || this.#publisher.has(source)) continue;
      try {
        await this.#publisher.publish(source, track);
        if (this.#paused.has(source)) await this.#publisher.pause(source, true);
      } catch (error) {
        // While we were away the stage was closed to us; what others send must still be received.
        if (!(error instanceof ClassSocketError && offStage.has(error.code))) throw error;
        this.stopAll();
        return;
      }
    }
  }

  async publish(source: MediaSource, track: MediaStreamTrack) {
    await this.#publisher.publish(source, track);
    this.#local = new Map(this.#local).set(source, track);
    this.#setPaused(source, false);
  }

  async unpublish(source: MediaSource) {
    const local = new Map(this.#local);
    local.get(source)?.stop();
    local.delete(source);
    this.#local = local;
    this.#setPaused(source, false);
    await this.#publisher.unpublish(source);
  }

  async pause(source: MediaSource, paused: boolean) {
    this.#setPaused(source, paused);
    await this.#publisher.pause(source, paused);
  }

  #setPaused(source: MediaSource, paused: boolean) {
    const next = new Set(this.#paused);
    if (paused) next.add(source);
    else next.delete(source);
    this.#paused = next;
  }

  /** Off the stage: everything of ours stops, also the camera light. */
  stopAll() {
    for (const track of this.#local.values()) track.stop();
    this.#local = new Map();
    this.#paused = new Set();
    this.#publisher.reset();
    this.#sending = null;
  }

  async setAudioOnly(audioOnly: boolean) {
    this.#audioOnly = audioOnly;
    await this.#socket.request('media.audioOnly', { audioOnly });
  }

  /** What a tile shows decides what is sent to it: `null` while it is hidden, else the layer its size deserves. */
  async show(consumerId: string, layers: PreferredLayers | null) {
    const wish = layers === null ? 'paused' : String(layers.spatial);
    const former = this.#wanted.get(consumerId);
    if (former === wish) return;
    this.#wanted.set(consumerId, wish);
    try {
      if (layers === null) await this.#socket.request('media.consumer', { consumerId, action: 'pause' });
      else {
        if (former === 'paused')
          await this.#socket.request('media.consumer', { consumerId, action: 'resume' });
        await this.#socket.request('media.layers', { consumerId, layers });
      }
    } catch {
      // The stream may have ended meanwhile; the next layout asks again.
      this.#wanted.delete(consumerId);
    }
  }

  /** Marks when the first sound arrived, once per page: with the first picture it is what a learner waits for. */
  async #watchFirstAudio() {
    if (this.#watchingAudio || performance.getEntriesByName('keshi:first-audio').length > 0) return;
    this.#watchingAudio = true;
    for (let round = 0; !this.#closed; round += 1) {
      const report = await this.#receiver.stats();
      if (!report) break;
      const heard = [...report.values()].some(
        (row) => row.type === 'inbound-rtp' && row.kind === 'audio' && row.packetsReceived > 0,
      );
      if (heard) {
        performance.mark('keshi:first-audio');
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, round < 100 ? firstAudioMs : laterAudioMs));
    }
    this.#watchingAudio = false;
  }

  async #measure() {
    await this.#measureSending();
    // A transport that is just being closed has nothing to tell.
    const report = await this.#receiver.stats()?.catch(() => undefined);
    if (!report) return;
    const { received, lost, rttMs } = readReceiving(report);
    this.#rttMs = rttMs ?? this.#rttMs;
    const former = this.#lastCount;
    this.#lastCount = { received, lost };
    if (!former || received <= former.received) return;
    const missed = Math.max(0, lost - former.lost);
    const starved =
      !this.#audioOnly &&
      this.#streams.some(
        ({ kind, layers, producerPaused, consumerId }) =>
          kind === 'video' && layers === null && !producerPaused && this.#wanted.get(consumerId) !== 'paused',
      );
    const lossRate = missed / (received - former.received + missed);
    this.#quality = this.#judge(qualityOf({ lossRate, rttMs: this.#rttMs ?? 0, starved }));
  }

  async #measureSending() {
    const source = this.#local.has('screen') ? 'screen' : 'camera';
    const statsOf = (of: MediaSource) => this.#publisher.statsOf(of)?.catch(() => undefined);
    const reports = [await statsOf(source), await statsOf('mic')];
    if (reports.every((report) => report === undefined)) {
      this.#sending = null;
      return;
    }
    const { lines, fps, level, limited, lossRate, rttMs } = readSending(reports);
    this.#rttMs = rttMs ?? this.#rttMs;
    this.#sending = {
      picture: this.#local.has(source) ? { source, lines, fps } : null,
      level: this.#local.has('mic') && !this.#paused.has('mic') ? level : null,
      limited,
      lossRate,
    };
    // Whoever only sends judges the network by what goes up.
    if (this.#streams.length === 0)
      this.#quality = this.#judge(qualityOf({ lossRate, rttMs: this.#rttMs ?? 0, starved: false }));
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#rejoinTimer);
    clearInterval(this.#statsTimer);
    this.stopAll();
    this.#receiver.close();
  }
}
