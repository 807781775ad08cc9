import { once } from 'node:events';
import { type Socket, connect, createServer } from 'node:net';

/** Passes bytes both ways. Once frozen, the connections there are stay open and say nothing; new ones work. */
export async function createFreezableProxy(targetPort: number) {
  const sockets = new Set<Socket>();
  let generation = 0;
  const server = createServer((inner) => {
    const outer = connect(targetPort, '127.0.0.1');
    const born = generation;
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (born === generation) to.write(bytes);
      });
      from.on('close', () => {
        sockets.delete(from);
        if (born === generation) to.end();
      });
      from.on('error', () => {});
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    freeze() {
      generation += 1;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
