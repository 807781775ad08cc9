/**
 * A class's stage for its recorder: every stream, wherever it is published, as plain RTP from the origin router of this
 * node. A recorder is one viewer more: a stream of another node is sent here for as long as it is taken.
 */
import type { types } from 'mediasoup';
import { AppError } from '@keshi/runtime/errors';
import type { ClassRoom } from './class-room.ts';
import { toRtpCapabilities } from './negotiation.ts';
import { recordedRtpCapabilities, type StageTap, type TappedStream } from './recording/stage-tap.ts';
import type { StageStream } from './stream.ts';

const listenInfo = {
  protocol: 'udp',
  ip: '127.0.0.1',
  sendBufferSize: 4 << 20,
  recvBufferSize: 4 << 20,
} as const;

export function tapClass(room: ClassRoom, hostId: string): StageTap {
  const rtpCapabilities = toRtpCapabilities(recordedRtpCapabilities);
  const streamOf = (streamId: string): StageStream => {
    const stream = room.streams().find(({ id }) => id === streamId);
    if (!stream) throw new AppError('media-not-found');
    return stream;
  };

  async function consume(
    stream: StageStream,
    router: types.Router,
    sink: { ip: string; port: number },
  ): Promise<{ transport: types.PlainTransport; consumer: types.Consumer }> {
    const transport = await router.createPlainTransport({ listenInfo, rtcpMux: true });
    try {
      await transport.connect(sink);
      const consumer = await transport.consume({ producerId: stream.id, rtpCapabilities, paused: true });
      if (consumer.type === 'simulcast') {
        const best = (consumer.rtpParameters.encodings?.[0]?.scalabilityMode ?? '').match(/^[LS](\d)/)?.[1];
        await consumer.setPreferredLayers({
          spatialLayer: Math.max(0, Number(best ?? 3) - 1),
          temporalLayer: 2,
        });
      }
      await consumer.resume();
      return { transport, consumer };
    } catch (error) {
      transport.close();
      throw error;
    }
  }

  return {
    streams: () =>
      room.streams().map(({ id, peerId: userId, source, kind, paused }) => ({
        id,
        userId,
        source,
        kind,
        paused,
        isHost: userId === hostId,
      })),
    onChange: (listener) => room.onChange(listener),
    async open(streamId, sink): Promise<TappedStream> {
      const stream = streamOf(streamId);
      const origin = await room.origin();
      await stream.arrive(origin);
      let ended = false;
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      const end = () => {
        if (ended) return;
        ended = true;
        stream.release();
        resolve();
      };
      try {
        const { transport, consumer } = await consume(stream, origin.router, sink);
        consumer.observer.once('close', () => {
          transport.close();
          end();
        });
        if (consumer.closed) end();
        return {
          rtpParameters: consumer.rtpParameters,
          requestKeyFrame: () => consumer.requestKeyFrame(),
          closed,
          close: () => transport.close(),
        };
      } catch (error) {
        end();
        throw error;
      }
    },
  };
}
