/** One address before several signaling nodes: each connection goes to the node with the fewest, as the real front does. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Front {
  readonly port: number;
  /** Connections held now, in the order the nodes were given. */
  readonly connections: () => readonly number[];
  readonly close: () => Promise<void>;
}

/** Listens on `host`, on a port the system chooses. A node that refuses is passed over for that connection. */
export async function createFront(nodePorts: readonly number[], host = '127.0.0.1'): Promise<Front> {
  const nodes = nodePorts.map((port) => ({ port, open: new Set<Socket>() }));

  function forward(page: Socket, untried: typeof nodes): void {
    const [node, ...others] = untried.toSorted((a, b) => a.open.size - b.open.size);
    if (!node) {
      page.destroy();
      return;
    }
    const upstream = connect(node.port, host);
    node.open.add(page);
    let through = false;
    upstream.once('connect', () => {
      through = true;
      page.pipe(upstream).pipe(page);
    });
    upstream.on('error', () => undefined);
    upstream.once('close', () => {
      node.open.delete(page);
      if (through || page.destroyed) page.destroy();
      else forward(page, others);
    });
    page.once('close', () => upstream.destroy());
  }

  const server = createServer((page) => {
    page.on('error', () => undefined);
    page.setNoDelay(true);
    forward(page, nodes);
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front has no port');
  return {
    port: address.port,
    connections: () => nodes.map(({ open }) => open.size),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const { open } of nodes) for (const page of open) page.destroy();
      await closed;
    },
  };
}
