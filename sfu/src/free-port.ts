/** Finds a port for both protocols; mediasoup itself would pick a different random one for each. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const attempts = 20;

/**
 * A port that was free on `ip` for UDP and TCP a moment ago, chosen by the system. Another process can take it
 * before it is used: the caller tries again.
 */
export async function findFreePort(ip: string): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const udp = createSocket(ip.includes(':') ? 'udp6' : 'udp4');
    const tcp = createServer();
    try {
      udp.bind(0, ip);
      await once(udp, 'listening');
      const { port } = udp.address();
      tcp.listen(port, ip);
      await once(tcp, 'listening');
      return port;
    } catch (error) {
      if (!isPortInUse(error)) throw error;
    } finally {
      await Promise.all([closed(udp), tcp.listening ? closed(tcp) : undefined]);
    }
  }
  throw new Error(`no port is free for UDP and TCP on ${ip}`);
}

const closed = (socket: { close(done: () => void): unknown }) =>
  new Promise<void>((resolve) => {
    socket.close(resolve);
  });

const isPortInUse = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES');
