/** Peers of a node in a bench: publishers send plain RTP, viewers get SRTP at the sockets that were named for them. */
import type { OpenTransport } from '@keshi/sfu/peer-transport';
import { plainTransports } from '@keshi/sfu/plain-transport';
import { openSecureViewer } from '../capacity/secure-viewer.ts';
import type { UdpAddress } from '../forward/path.ts';

/** Where a peer receives whose sink nobody named: the discard port. */
const nowhere: UdpAddress = { ip: '127.0.0.1', port: 9 };

export function securePeers(sinkOf: (peerId: string) => UdpAddress | undefined): OpenTransport {
  const publishers = plainTransports({ sinkOf: ({ peerId }) => sinkOf(peerId) ?? nowhere });
  return async (request) => {
    if (request.direction === 'send') return publishers(request);
    const transport = await openSecureViewer(request.place.router, sinkOf(request.peerId) ?? nowhere);
    return {
      transport,
      options: () => ({
        id: transport.id,
        iceParameters: { usernameFragment: '', password: '' },
        iceCandidates: [],
        dtlsParameters: { fingerprints: [] },
      }),
      connect: () => Promise.resolve(),
      restartIce: () => Promise.resolve({ usernameFragment: '', password: '' }),
      close: () => transport.close(),
    };
  };
}
