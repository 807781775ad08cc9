/** One end of an encrypted pipe between two nodes. */
import type { types } from 'mediasoup';
import type { PipeEnd } from '@keshi/contract/sfu-mesh';
import { AppError } from '@keshi/runtime/errors';

/** Where this node's ends of pipes listen, and what other nodes are told to reach. */
export interface PipeListen {
  ip: string;
  announcedAddress: string | null;
  /** Inclusive; null: any free port. */
  ports: { min: number; max: number } | null;
}

const cryptoSuites: readonly string[] = [
  'AEAD_AES_256_GCM',
  'AEAD_AES_128_GCM',
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
];
const isCryptoSuite = (name: string): name is types.SrtpCryptoSuite => cryptoSuites.includes(name);

/** Packets that a network between nodes loses are sent again. */
export function createPipeTransport(
  router: types.Router,
  { ip, announcedAddress, ports }: PipeListen,
): Promise<types.PipeTransport> {
  return router.createPipeTransport({
    listenInfo: {
      protocol: 'udp',
      ip,
      ...(announcedAddress === null ? {} : { announcedAddress }),
      ...(ports === null ? {} : { portRange: ports }),
      sendBufferSize: 4 << 20,
      recvBufferSize: 4 << 20,
    },
    enableRtx: true,
    enableSrtp: true,
    enableSctp: false,
  });
}

export function pipeEndOf({ tuple, srtpParameters }: types.PipeTransport): PipeEnd {
  if (!srtpParameters) throw new AppError('media-unavailable', { message: 'a pipe without keys' });
  const { localAddress: ip, localPort: port } = tuple;
  return { ip, port, srtp: srtpParameters };
}

/** Throws `media-refused` for keys of a kind we do not know. */
export async function connectPipe(
  transport: types.PipeTransport,
  { ip, port, srtp }: PipeEnd,
): Promise<void> {
  const { cryptoSuite, keyBase64 } = srtp;
  if (!isCryptoSuite(cryptoSuite)) throw new AppError('media-refused', { message: 'unknown SRTP suite' });
  await transport.connect({ ip, port, srtpParameters: { cryptoSuite, keyBase64 } });
}

export const isSameEnd = (a: PipeEnd, b: PipeEnd) =>
  a.ip === b.ip && a.port === b.port && a.srtp.keyBase64 === b.srtp.keyBase64;
