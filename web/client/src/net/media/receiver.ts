/**
 * What comes down: one receive transport and a consumer per stage stream. The receiver is the only holder of the
 * transport; closing it closes every consumer. When the transport fails for good it asks for a rejoin once.
 */
import type { Consumer, Device, Transport } from 'mediasoup-client/types';
import type { ConsumerOptions, IceServer, PreferredLayers, TransportOptions } from '@keshi/contract/media';
import type { MediaSource } from '@keshi/contract/domain';
import type { ClassSocket } from '../class-socket.ts';
import { deviceParameters, deviceTransport } from './negotiated.ts';

export interface IncomingStream {
  readonly consumerId: string;
  readonly userId: string;
  readonly source: MediaSource;
  readonly kind: 'audio' | 'video';
  readonly track: MediaStreamTrack;
  /** The publisher muted it. */
  readonly producerPaused: boolean;
  /** What the SFU sends now; null when no layer fits the downlink. Undefined until it has said. */
  readonly layers: PreferredLayers | null | undefined;
}

export interface ReceiverOptions {
  device: Device;
  socket: Pick<ClassSocket, 'request'>;
  onStreams: (streams: readonly IncomingStream[]) => void;
  /** The transport is beyond an ICE restart: media must be joined anew. */
  onFailed: () => void;
}

/** How long a former transport is kept while a new one takes over. */
const takeOverMs = 8_000;
/** How long ICE may stay disconnected before a restart is tried, and a restart before it counts as failed. */
const iceGraceMs = 3_000;
const restartGraceMs = 5_000;

export function createReceiver({ device, socket, onStreams, onFailed }: ReceiverOptions) {
  let transport: Transport | undefined;
  let graceTimer: ReturnType<typeof setTimeout> | undefined;
  /** The server is being told of our end of the transport; if that never arrives, the transport is of no use. */
  let introducing = false;
  const consumers = new Map<string, { consumer: Consumer; stream: IncomingStream }>();
  /** What still plays while its successor connects: a move to another node is not seen. */
  let retiring: {
    transport: Transport;
    streams: IncomingStream[];
    timer: ReturnType<typeof setTimeout>;
  } | null = null;
  /** Streams offered while their consumer is still being made, so that a close in between is not lost. */
  const pending = new Set<string>();
  const closedEarly = new Set<string>();

  const streamsNow = () => [...consumers.values()].map((entry) => entry.stream);
  const publish = () => onStreams(retiring ? retiring.streams : streamsNow());

  /** The successor flows, or has taken too long: what was kept for it goes. */
  function retire() {
    if (!retiring) return;
    clearTimeout(retiring.timer);
    const { transport: former } = retiring;
    retiring = null;
    former.close();
    publish();
  }

  function patch(consumerId: string, change: Partial<IncomingStream>) {
    const entry = consumers.get(consumerId);
    if (!entry) return;
    entry.stream = { ...entry.stream, ...change };
    publish();
  }

  function watch(mine: Transport) {
    mine.on('connect', ({ dtlsParameters }, done) => {
      // ICE and DTLS begin while the server is being told: a round trip less before the first picture. Should the
      // handshake be the faster one, it is repeated within milliseconds.
      done();
      introducing = true;
      socket.request('media.connect', { transportId: mine.id, dtlsParameters }).then(
        () => {
          if (transport === mine) introducing = false;
        },
        () => {
          if (transport === mine) onFailed();
        },
      );
    });
    mine.on('connectionstatechange', (state) => {
      if (transport !== mine) return;
      clearTimeout(graceTimer);
      if (state === 'connected') retire();
      if (state === 'disconnected') graceTimer = setTimeout(() => void restart(mine), iceGraceMs);
      if (state === 'failed') void restart(mine);
    });
  }

  async function restart(mine: Transport) {
    clearTimeout(graceTimer);
    try {
      const { iceParameters } = await socket.request('media.restartIce', { transportId: mine.id });
      if (transport !== mine) return;
      await mine.restartIce({ iceParameters });
      graceTimer = setTimeout(() => {
        if (transport === mine && mine.connectionState !== 'connected') onFailed();
      }, restartGraceMs);
    } catch {
      if (transport === mine) onFailed();
    }
  }

  function close() {
    clearTimeout(graceTimer);
    const closing = transport;
    forget();
    closing?.close();
    publish();
    retire();
  }

  function forget() {
    clearTimeout(graceTimer);
    transport = undefined;
    introducing = false;
    consumers.clear();
    pending.clear();
    closedEarly.clear();
  }

  /** Lets the transport play on until its successor does. */
  function keepUntilReplaced() {
    const former = transport;
    if (former?.connectionState !== 'connected' || retiring) return close();
    retiring = { transport: former, streams: streamsNow(), timer: setTimeout(retire, takeOverMs) };
    forget();
  }

  async function add(options: ConsumerOptions) {
    const mine = transport;
    if (!mine || consumers.has(options.id) || pending.has(options.id)) return;
    pending.add(options.id);
    try {
      const consumer = await mine.consume({
        id: options.id,
        producerId: options.producerId,
        kind: options.kind,
        rtpParameters: deviceParameters(options.rtpParameters),
        // Streams of one person are played in step.
        streamId: `${options.userId}-${options.source.startsWith('screen') ? 'screen' : 'camera'}`,
      });
      if (transport !== mine || closedEarly.delete(options.id)) {
        consumer.close();
        return;
      }
      consumers.set(options.id, {
        consumer,
        stream: {
          consumerId: options.id,
          userId: options.userId,
          source: options.source,
          kind: options.kind,
          track: consumer.track,
          producerPaused: options.producerPaused,
          layers: undefined,
        },
      });
      publish();
    } finally {
      pending.delete(options.id);
    }
  }

  return {
    get connected() {
      return transport?.connectionState === 'connected';
    },
    get alive() {
      return (
        !introducing && transport !== undefined && !transport.closed && transport.connectionState !== 'failed'
      );
    },
    /**
     * Starts over with a fresh transport; its consumers are set up in one go. `seamless`: what there was plays on
     * until the new one does.
     */
    async open(
      recvTransport: TransportOptions,
      list: readonly ConsumerOptions[],
      iceServers: readonly IceServer[],
      seamless = false,
    ) {
      if (seamless) keepUntilReplaced();
      else close();
      const mine = device.createRecvTransport(deviceTransport(recvTransport, iceServers));
      transport = mine;
      watch(mine);
      await Promise.all(list.map(add));
    },
    /** After a reconnect whose media lived on: what the server has now decides what stays. */
    async reconcile(list: readonly ConsumerOptions[]) {
      const kept = new Set(list.map((options) => options.id));
      for (const [id, entry] of consumers) {
        if (kept.has(id)) continue;
        consumers.delete(id);
        entry.consumer.close();
      }
      for (const options of list) patch(options.id, { producerPaused: options.producerPaused });
      await Promise.all(list.map(add));
      publish();
    },
    add,
    remove(consumerId: string) {
      if (pending.has(consumerId)) closedEarly.add(consumerId);
      const entry = consumers.get(consumerId);
      if (!entry) return;
      consumers.delete(consumerId);
      entry.consumer.close();
      publish();
    },
    setProducerPaused: (consumerId: string, producerPaused: boolean) => patch(consumerId, { producerPaused }),
    setLayers: (consumerId: string, layers: PreferredLayers | null) => patch(consumerId, { layers }),
    stats: () => transport?.getStats(),
    close,
  };
}
export type Receiver = ReturnType<typeof createReceiver>;
