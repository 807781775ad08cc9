/**
 * Peers over plain RTP, for benches and tests: they stand where a browser's WebRTC transport would, and everything
 * else (placement, pipes, producers, consumers) is the service's own path. No service opens one by itself.
 */
import type { types } from 'mediasoup';
import type { TransportOptions } from '@keshi/contract/media';
import { AppError } from '@keshi/runtime/errors';
import type { OpenTransport, TransportRequest } from './peer-transport.ts';

export interface PlainSink {
  ip: string;
  port: number;
}

export interface PlainOptions {
  /** Where they listen; 127.0.0.1 by default. */
  ip?: string;
  /** Where a peer's streams are sent. */
  sinkOf: (request: TransportRequest) => PlainSink;
}

const listenInfo = {
  protocol: 'udp',
  sendBufferSize: 4 << 20,
  recvBufferSize: 4 << 20,
} as const;

/**
 * The transport's address is its only ICE candidate: a publisher sends its RTP there, and gets RTCP back where it
 * sent from. What belongs to ICE and DTLS is empty.
 */
export function plainTransports({ ip = '127.0.0.1', sinkOf }: PlainOptions): OpenTransport {
  return async (request) => {
    const { direction, place } = request;
    const transport = await place.router.createPlainTransport({
      listenInfo: { ip, ...listenInfo },
      rtcpMux: true,
      comedia: direction === 'send',
    });
    if (direction === 'recv') await transport.connect(sinkOf(request));
    const options = describe(transport);
    return {
      transport,
      options: () => options,
      connect: () => Promise.resolve(),
      restartIce: () => Promise.reject(new AppError('media-refused')),
      close: () => transport.close(),
    };
  };
}

function describe(transport: types.PlainTransport): TransportOptions {
  const { localAddress, localPort } = transport.tuple;
  return {
    id: transport.id,
    iceParameters: { usernameFragment: '', password: '' },
    iceCandidates: [
      {
        foundation: 'plain',
        priority: 1,
        ip: localAddress,
        address: localAddress,
        protocol: 'udp',
        port: localPort,
        type: 'host',
      },
    ],
    dtlsParameters: { fingerprints: [] },
  };
}
