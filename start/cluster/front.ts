/** One address before several signaling nodes, as the real front is: the members of a class on one node while it has room. */
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Front {
  readonly port: number;
  /** Connections held now, in the order the nodes were given. */
  readonly connections: () => readonly number[];
  readonly close: () => Promise<void>;
}

/** How far a node may be above the average before the next members of its classes go to another. */
const mostAbove = 1.1;

/** The same order of the nodes for a class each time, and for every class another (rendezvous hashing). */
export function nodesOf(classId: string, count: number): number[] {
  const ranks = Array.from({ length: count }, (_, node) => hash('sha1', `${classId}/${node}`));
  return [...ranks.keys()].sort((a, b) => ((ranks[a] ?? '') < (ranks[b] ?? '') ? -1 : 1));
}

/**
 * The nodes to try for one more connection, best first: those of its class in their order while they have room, then the
 * emptiest (docs/decisions/022-a-class-on-one-node.md). `order` is null for whoever names no class.
 */
export function nodesToTry(order: readonly number[] | null, connections: readonly number[]): number[] {
  const most = Math.max(1, Math.floor((mostAbove * (sum(connections) + 1)) / connections.length));
  const own = (order ?? []).filter((node) => (connections[node] ?? 0) < most);
  const emptiest = [...connections.keys()].sort((a, b) => (connections[a] ?? 0) - (connections[b] ?? 0));
  return [...new Set([...own, ...emptiest])];
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** Whoever connects asks for something within this time, ms. */
const silentMs = 10_000;

/** Listens on `host`, on a port the system chooses. A node that refuses is passed over for that connection. */
export async function createFront(nodePorts: readonly number[], host = '127.0.0.1'): Promise<Front> {
  const nodes = nodePorts.map((port) => ({ port, open: new Set<Socket>() }));
  const connections = () => nodes.map(({ open }) => open.size);

  function forward(page: Socket, asked: Buffer, [at, ...others]: readonly number[]): void {
    const node = at === undefined ? undefined : nodes[at];
    if (!node) {
      page.destroy();
      return;
    }
    const upstream = connect(node.port, host);
    node.open.add(page);
    let through = false;
    upstream.once('connect', () => {
      through = true;
      upstream.write(asked);
      page.pipe(upstream).pipe(page);
    });
    upstream.on('error', () => undefined);
    upstream.once('close', () => {
      node.open.delete(page);
      if (through || page.destroyed) page.destroy();
      else forward(page, asked, others);
    });
    page.once('close', () => upstream.destroy());
  }

  const server = createServer((page) => {
    page.on('error', () => undefined);
    page.setNoDelay(true);
    page.setTimeout(silentMs, () => page.destroy());
    page.once('data', (asked: Buffer) => {
      page.pause();
      page.setTimeout(0);
      const classId = classAskedFor(asked);
      forward(page, asked, nodesToTry(classId ? nodesOf(classId, nodes.length) : null, connections()));
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front has no port');
  return {
    port: address.port,
    connections,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const { open } of nodes) for (const page of open) page.destroy();
      await closed;
    },
  };
}

/** From the first line of the request; what is not there in the first piece is not waited for. */
function classAskedFor(asked: Buffer): string | null {
  const [, path = ''] = asked.toString('latin1').split('\r\n', 1)[0]?.split(' ') ?? [];
  return new URLSearchParams(path.split('?')[1] ?? '').get('class');
}
