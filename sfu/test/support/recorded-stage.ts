/** A stage on one real router, with publishers that are real encoders, and the recorder's way into it. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createWorker, type types } from 'mediasoup';
import { mediaCodecs } from '@keshi/contract/media-codecs';
import type { MediaSource } from '@keshi/contract/domain';
import { toRtpCapabilities } from '../../src/negotiation.ts';
import {
  recordedRtpCapabilities,
  type StageStreamInfo,
  type StageTap,
} from '../../src/recording/stage-tap.ts';

export interface Published {
  id: string;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the stream as a page does that leaves the stage. */
  close(): Promise<void>;
  /** Ends the encoder alone: the stream stays, but nothing comes any more. */
  freeze(): Promise<void>;
}

export interface PublishOptions {
  source: MediaSource;
  isHost?: boolean;
  /** What ffmpeg is to send: inputs and encoder. */
  media: string[];
  codec: 'h264' | 'vp8' | 'opus';
  /** Share of packets that get lost between encoder and router. */
  loss?: number;
}

export interface RecordedStage extends StageTap {
  readonly router: types.Router;
  /** A producer that somebody else has made on the router. */
  add(producer: types.Producer, source: MediaSource): void;
  publish(options: PublishOptions): Promise<Published>;
  /** Transports that the recorder has at this moment. */
  readonly taps: number;
  close(): Promise<void>;
}

const codecs = {
  h264: {
    mimeType: 'video/H264',
    payloadType: 102,
    clockRate: 90_000,
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
    rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
  },
  vp8: {
    mimeType: 'video/VP8',
    payloadType: 96,
    clockRate: 90_000,
    rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
  },
  opus: { mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 },
} as const;

/** A moving picture with a clock, coded as a page would. */
export const h264 = (size = '320x180', rate = 15): string[] => [
  ...['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${rate}`, '-c:v', 'libx264', '-profile:v', 'baseline'],
  ...['-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', `${rate}`],
  ...['-b:v', '400k', '-threads', '1'],
];
export const vp8 = (size = '320x180', rate = 15): string[] => [
  ...['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${rate}`, '-c:v', 'libvpx', '-deadline', 'realtime'],
  ...['-cpu-used', '8', '-b:v', '400k', '-g', `${rate}`, '-threads', '1'],
];
export const tone = (hertz: number): string[] => [
  ...['-f', 'lavfi', '-i', `sine=frequency=${hertz}:sample_rate=48000`],
  ...['-c:a', 'libopus', '-b:a', '48k', '-frame_duration', '20'],
];

let nextSsrc = 5_000_000;

export async function createRecordedStage(): Promise<RecordedStage> {
  const worker = await createWorker({ logLevel: 'error' });
  const router = await worker.createRouter({ mediaCodecs: [...mediaCodecs] });
  const streams = new Map<string, { info: StageStreamInfo; close(): Promise<void> }>();
  const listeners = new Set<() => void>();
  const taps = new Set<types.Transport>();
  const changed = () => listeners.forEach((listener) => listener());
  const listenInfo = { protocol: 'udp', ip: '127.0.0.1', recvBufferSize: 4 << 20 } as const;

  return {
    router,
    add(producer, source) {
      const { id, kind } = producer;
      const info = { id, userId: randomUUID(), source, kind, paused: false, isHost: true };
      streams.set(id, { info, close: async () => producer.close() });
      producer.observer.once('close', () => {
        streams.delete(id);
        changed();
      });
      changed();
    },
    streams: () => [...streams.values()].map(({ info }) => ({ ...info })),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async open(streamId, sink) {
      const transport = await router.createPlainTransport({ listenInfo, rtcpMux: true });
      taps.add(transport);
      transport.observer.once('close', () => taps.delete(transport));
      await transport.connect(sink);
      const consumer = await transport.consume({
        producerId: streamId,
        rtpCapabilities: toRtpCapabilities(recordedRtpCapabilities),
      });
      if (consumer.type === 'simulcast')
        await consumer.setPreferredLayers({ spatialLayer: 2, temporalLayer: 2 });
      const closed = Promise.withResolvers<void>();
      consumer.observer.once('close', () => closed.resolve());
      return {
        rtpParameters: consumer.rtpParameters,
        requestKeyFrame: () => consumer.requestKeyFrame(),
        closed: closed.promise,
        close: () => transport.close(),
      };
    },
    async publish({ source, isHost = true, media, codec, loss = 0 }) {
      const kind = codec === 'opus' ? 'audio' : 'video';
      const ssrc = nextSsrc++;
      const transport = await router.createPlainTransport({ listenInfo, rtcpMux: false, comedia: true });
      const rtcpPort = transport.rtcpTuple?.localPort;
      const producer = await transport.produce({
        kind,
        rtpParameters: {
          codecs: [{ ...codecs[codec] } as types.RtpCodecParameters],
          encodings: [{ ssrc }],
          rtcp: { cname: 'test' },
        },
      });
      const relay = loss > 0 ? await openLossyRelay(transport.tuple.localPort, loss) : null;
      const port = relay?.port ?? transport.tuple.localPort;
      const encoder = spawn(
        'ffmpeg',
        [
          ...['-hide_banner', '-loglevel', 'error', '-re', ...media, '-t', '120'],
          ...['-payload_type', `${codecs[codec].payloadType}`, '-ssrc', `${ssrc}`],
          ...['-f', 'rtp', `rtp://127.0.0.1:${port}?rtcpport=${rtcpPort}&pkt_size=1100`],
        ],
        { stdio: ['ignore', 'ignore', 'inherit'] },
      );
      const freeze = async () => {
        if (encoder.exitCode !== null || encoder.signalCode !== null) return;
        encoder.kill('SIGKILL');
        await once(encoder, 'close');
      };
      const info: StageStreamInfo = {
        id: producer.id,
        userId: randomUUID(),
        source,
        kind,
        paused: false,
        isHost,
      };
      const close = async () => {
        streams.delete(producer.id);
        transport.close();
        changed();
        await freeze();
        relay?.close();
      };
      streams.set(producer.id, { info, close });
      changed();
      return {
        id: producer.id,
        async pause() {
          await producer.pause();
          info.paused = true;
          changed();
        },
        async resume() {
          await producer.resume();
          info.paused = false;
          changed();
        },
        close,
        freeze,
      };
    },
    get taps() {
      return taps.size;
    },
    async close() {
      await Promise.all([...streams.values()].map((stream) => stream.close()));
      worker.close();
    },
  };
}

/** Loses that share of the packets of one stream, evenly and always the same way. */
async function openLossyRelay(to: number, share: number): Promise<{ port: number; close(): void }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  let seed = 1;
  socket.on('message', (message) => {
    seed = (seed * 48_271) % 2_147_483_647;
    if (seed / 2_147_483_647 >= share) socket.send(message, to, '127.0.0.1');
  });
  return { port: socket.address().port, close: () => socket.close() };
}
