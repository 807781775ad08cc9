import { once } from 'node:events';
import { createServer, connect, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createFront, type Front, nodesOf, nodesToTry } from '../cluster/front.ts';

const classes = Array.from({ length: 100 }, (_, n) => `class-${n}`);

describe('which node a connection goes to', () => {
  it('is the same for everybody of a class, and differs by class', () => {
    for (const name of classes) expect(nodesOf(name, 6)).toEqual(nodesOf(name, 6));
    const firsts = classes.map((name) => nodesOf(name, 6)[0]);
    expect(new Set(firsts).size).toBe(6);
  });

  it('moves only the classes of a node that is gone', () => {
    for (const name of classes) {
      const without = nodesOf(name, 6).filter((node) => node !== 5);
      expect(nodesOf(name, 5)).toEqual(without);
    }
  });

  it('is never a node that is far above the average: a large class spreads', () => {
    const connections = [0, 0, 0, 0];
    const join = (name: string) => {
      const [node = 0] = nodesToTry(nodesOf(name, 4), connections);
      connections[node] = (connections[node] ?? 0) + 1;
      return node;
    };
    for (let n = 0; n < 10_000; n += 1) join('large');
    for (const held of connections) expect(held).toBeLessThanOrEqual((1.1 * 10_000) / 4);
  });

  it('is the emptiest where no class is named, and tries all the others after it', () => {
    expect(nodesToTry(null, [3, 1, 2])).toEqual([1, 2, 0]);
    expect(nodesToTry([2, 0, 1], [0, 0, 0])).toEqual([2, 0, 1]);
  });
});

describe('the front', () => {
  const servers: Server[] = [];
  const pages: { destroy: () => unknown }[] = [];
  let front: Front | undefined;

  afterEach(async () => {
    for (const page of pages.splice(0)) page.destroy();
    await front?.close();
    for (const server of servers.splice(0)) server.close();
  });

  /** A node that says its own number to whoever asks. */
  async function node(number: number): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (asked) => socket.write(`${number} ${asked.toString()}`));
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async function ask(path: string): Promise<string> {
    const page = connect(front?.port ?? 0, '127.0.0.1');
    pages.push(page);
    page.on('error', () => undefined);
    page.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    const [said] = (await once(page, 'data')) as [Buffer];
    return said.toString();
  }

  it('takes the members of a class to one node while it has room, and hands on what they asked', async () => {
    front = await createFront([await node(0), await node(1), await node(2)]);
    // Others fill the nodes evenly, so that there is room for a class.
    for (let n = 0; n < 60; n += 1) await ask('/socket.io/');
    const said = [];
    for (let n = 0; n < 2; n += 1) said.push(await ask('/socket.io/?EIO=4&class=c1&transport=websocket'));
    const first = nodesOf('c1', 3)[0];
    for (const one of said)
      expect(one).toBe(`${first} GET /socket.io/?EIO=4&class=c1&transport=websocket HTTP/1.1\r\n\r\n`);
  });

  it('passes over a node that refuses', async () => {
    const ports = [await node(0), await node(1)];
    const [order = 0] = nodesOf('c1', 2);
    servers[order]?.close();
    front = await createFront(ports);
    expect(await ask('/socket.io/?class=c1')).toMatch(new RegExp(`^${1 - order} `));
  });
});
