/** A peer's transport in one direction. The service uses WebRTC; a bench or a test may bring plain RTP instead. */
import type { types } from 'mediasoup';
import type { DtlsParametersJson, TransportOptions } from '@keshi/contract/media';
import { AppError } from '@keshi/runtime/errors';
import type { Place } from './distribution.ts';
import { negotiate, toDtlsParameters } from './negotiation.ts';

export type TransportDirection = 'recv' | 'send';

/** `closed`: the page closed it in order. `failed`: it was lost, and the page may not know yet. */
export type TransportEnd = 'closed' | 'failed';

export interface PeerTransport {
  readonly transport: types.Transport;
  /** What the page needs to make its end; ICE parameters change with a restart. */
  options(): TransportOptions;
  /** Idempotent for the same parameters, so that a repeated request after a lost answer does no harm. */
  connect(dtlsParameters: DtlsParametersJson): Promise<void>;
  restartIce(): Promise<TransportOptions['iceParameters']>;
  /** Closes its producers and consumers with it; idempotent, and silent: `onEnd` is not called. */
  close(): void;
}

export interface TransportRequest {
  direction: TransportDirection;
  classId: string;
  peerId: string;
  place: Place;
  /** Called at most once, when the other side ended it. */
  onEnd: (end: TransportEnd) => void;
}
export type OpenTransport = (request: TransportRequest) => Promise<PeerTransport>;

/** Seconds without consent before mediasoup calls ICE disconnected. */
const iceConsentTimeout = 15;
/** How long a disconnected transport may still be saved by an ICE restart, or by TCP coming back. */
const iceGraceMs = 8_000;
/** Where bandwidth estimation starts: enough for the middle layer and sound in the first second. */
const initialAvailableOutgoingBitrate = 1_500_000;

export const openWebRtcTransport: OpenTransport = async ({ direction, peerId, place, onEnd }) => {
  const transport = await place.router.createWebRtcTransport({
    webRtcServer: place.media.webRtcServer,
    enableUdp: true,
    enableTcp: true,
    preferUdp: true,
    initialAvailableOutgoingBitrate,
    iceConsentTimeout,
    appData: { peerId, direction },
  });
  let grace: NodeJS.Timeout | undefined;
  let ended = false;
  let connecting: { fingerprint: string; done: Promise<void> } | null = null;

  const end = (how: TransportEnd) => {
    if (ended) return;
    ended = true;
    clearTimeout(grace);
    onEnd(how);
  };

  transport.on('icestatechange', (state) => {
    clearTimeout(grace);
    if (state === 'disconnected') grace = setTimeout(end, iceGraceMs, 'failed');
  });
  transport.on('dtlsstatechange', (state) => {
    if (state === 'failed') end('failed');
    // The page's close_notify: it knows, and need not be told.
    else if (state === 'closed') end('closed');
  });
  transport.observer.once('close', () => {
    ended = true;
    clearTimeout(grace);
  });

  return {
    transport,
    options: () => ({
      id: transport.id,
      iceParameters: transport.iceParameters,
      iceCandidates: transport.iceCandidates,
      dtlsParameters: transport.dtlsParameters,
    }),
    async connect(json) {
      const dtlsParameters = toDtlsParameters(json);
      const fingerprint = dtlsParameters.fingerprints.map(({ value }) => value).join();
      if (connecting && connecting.fingerprint !== fingerprint)
        throw new AppError('media-refused', { message: 'connected with another certificate' });
      connecting ??= {
        fingerprint,
        done: negotiate(place.router, () => transport.connect({ dtlsParameters })),
      };
      const attempt = connecting;
      try {
        await attempt.done;
      } catch (error) {
        if (connecting === attempt) connecting = null;
        throw error;
      }
    },
    restartIce: () => negotiate(place.router, () => transport.restartIce()),
    close() {
      transport.close();
    },
  };
};
