/**
 * A viewer's transport with the same encryption as a browser's: plain RTP would flatter the worker, half of whose time
 * goes into SRTP. The key is thrown away, since nobody here decrypts.
 */
import { randomBytes } from 'node:crypto';
import type { types } from 'mediasoup';
import type { UdpAddress } from '../forward/path.ts';
import { plainListen } from './side.ts';

/** The first choice of mediasoup's DTLS, which browsers accept. */
const cryptoSuite = 'AEAD_AES_256_GCM';
const keyBytes = 44;

export async function openSecureViewer(
  router: types.Router,
  sink: UdpAddress,
): Promise<types.PlainTransport> {
  const transport = await router.createPlainTransport({
    listenInfo: plainListen,
    rtcpMux: true,
    enableSrtp: true,
    srtpCryptoSuite: cryptoSuite,
  });
  const keyBase64 = randomBytes(keyBytes).toString('base64');
  await transport.connect({ ...sink, srtpParameters: { cryptoSuite, keyBase64 } });
  return transport;
}
