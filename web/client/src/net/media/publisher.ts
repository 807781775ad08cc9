/**
 * What goes up: one send transport with at most one producer per source. Tracks belong to whoever captured them;
 * the publisher stops a track only when it replaces or ends it.
 */
import type { Device, Producer, ProducerOptions, Transport } from 'mediasoup-client/types';
import type { IceServer } from '@keshi/contract/media';
import type { MediaSource } from '@keshi/contract/domain';
import type { ClassSocket } from '../class-socket.ts';
import { deviceTransport } from './negotiated.ts';

export interface PublisherOptions {
  device: Device;
  socket: Pick<ClassSocket, 'request'>;
  iceServers: () => readonly IceServer[];
  /** A source ended by itself: the device was unplugged, or sharing was stopped from the browser's own bar. */
  onEnded: (source: MediaSource) => void;
  /** The send transport is gone; the sources must be published again. */
  onFailed: () => void;
}

/** Lowest first, as a viewer's thumbnail, tile and stage need them. */
const cameraLayers = [
  { rid: 'r0', scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: 'L1T2' },
  { rid: 'r1', scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: 'L1T2' },
  { rid: 'r2', scaleResolutionDownBy: 1, maxBitrate: 1_500_000, scalabilityMode: 'L1T2' },
];
/** Text must stay sharp: a slow layer for the poor link, one full layer for everyone else. */
const screenLayers = [
  { rid: 'r0', scaleResolutionDownBy: 2, maxBitrate: 300_000, maxFramerate: 5 },
  { rid: 'r1', scaleResolutionDownBy: 1, maxBitrate: 2_500_000, maxFramerate: 15 },
];

export function createPublisher({ device, socket, iceServers, onEnded, onFailed }: PublisherOptions) {
  let opening: Promise<Transport> | undefined;
  const producers = new Map<MediaSource, Producer>();

  function optionsOf(source: MediaSource, track: MediaStreamTrack): ProducerOptions {
    const base = { track, stopTracks: false, appData: { source } };
    switch (source) {
      case 'camera':
      case 'screen': {
        // VP8 is what every browser decodes as it is installed: a Firefox without its H.264 plug-in would see nothing.
        const h264 = device.sendRtpCapabilities.codecs?.find((codec) => /h264/i.test(codec.mimeType));
        const vp8 = device.sendRtpCapabilities.codecs?.find((codec) => /vp8/i.test(codec.mimeType));
        track.contentHint = source === 'screen' ? 'detail' : 'motion';
        return {
          ...base,
          encodings: source === 'camera' ? cameraLayers : screenLayers,
          codec: vp8 ?? h264,
          codecOptions: { videoGoogleStartBitrate: 1000 },
        };
      }
      case 'mic':
        return { ...base, codecOptions: { opusFec: true, opusDtx: true, opusStereo: false } };
      case 'screen-audio':
        return { ...base, codecOptions: { opusFec: true, opusDtx: false, opusStereo: true } };
    }
  }

  function transport(): Promise<Transport> {
    opening ??= (async () => {
      const { sendTransport } = await socket.request('media.publish', {});
      const mine = device.createSendTransport(deviceTransport(sendTransport, iceServers()));
      mine.on('connect', ({ dtlsParameters }, done, fail) => {
        socket.request('media.connect', { transportId: mine.id, dtlsParameters }).then(done, fail);
      });
      mine.on('produce', ({ kind, rtpParameters, appData }, done, fail) => {
        socket
          .request('media.produce', {
            transportId: mine.id,
            kind,
            source: appData.source as MediaSource,
            rtpParameters,
            paused: false,
          })
          .then(({ producerId }) => done({ id: producerId }), fail);
      });
      mine.on('connectionstatechange', (state) => {
        if (state === 'disconnected' || state === 'failed') void restart(mine, state);
      });
      return mine;
    })();
    opening.catch(() => (opening = undefined));
    return opening;
  }

  async function restart(mine: Transport, state: 'disconnected' | 'failed') {
    try {
      const { iceParameters } = await socket.request('media.restartIce', { transportId: mine.id });
      if (!mine.closed) await mine.restartIce({ iceParameters });
    } catch {
      if (state === 'failed' && !mine.closed) {
        reset();
        onFailed();
      }
    }
  }

  /** Forgets the transport without telling the server, which has already lost or closed it. */
  function reset() {
    const closing = opening;
    opening = undefined;
    producers.clear();
    void closing?.then(
      (mine) => mine.close(),
      () => undefined,
    );
  }

  return {
    sources: () => [...producers.keys()],
    has: (source: MediaSource) => producers.has(source),
    /** Publishes the track, or swaps it in without a gap when the source is already up. */
    async publish(source: MediaSource, track: MediaStreamTrack) {
      const present = producers.get(source);
      if (present && !present.closed) {
        const former = present.track;
        await present.replaceTrack({ track });
        if (former !== track) former?.stop();
      } else {
        const mine = await transport();
        const producer = await mine.produce(optionsOf(source, track));
        producers.set(source, producer);
        producer.on('transportclose', () => producers.delete(source));
      }
      track.addEventListener('ended', () => {
        if (producers.get(source)?.track === track) onEnded(source);
      });
    },
    async pause(source: MediaSource, paused: boolean) {
      const producer = producers.get(source);
      if (!producer) return;
      if (paused) producer.pause();
      else producer.resume();
      await socket.request('media.producer', {
        producerId: producer.id,
        action: paused ? 'pause' : 'resume',
      });
    },
    async unpublish(source: MediaSource) {
      const producer = producers.get(source);
      if (!producer) return;
      producers.delete(source);
      producer.track?.stop();
      producer.close();
      await socket.request('media.producer', { producerId: producer.id, action: 'close' });
    },
    /** What goes up of one source, with its path to the server; undefined while it is not published. */
    statsOf: (source: MediaSource) => producers.get(source)?.getStats(),
    reset,
  };
}
export type Publisher = ReturnType<typeof createPublisher>;
