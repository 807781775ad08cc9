/** The fan-out on a real Socket.IO server, read by the official client. */
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { io as connect, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClassServer, ClassSocket, Connection } from '../src/connections.ts';
import { fanOut } from '../src/fan-out.ts';
import { WireEngine } from '../src/wire/engine.ts';

let http: HttpServer;
let io: ClassServer;
let page: Socket;
let member: Connection;

beforeEach(async () => {
  http = createServer();
  io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, wsEngine: WireEngine });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const arrived = once(io, 'connection') as Promise<[ClassSocket]>;
  page = connect(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports: ['websocket'] });
  const [socket] = await arrived;
  if (!page.connected) await once(page as never, 'connect');
  // Of a connection the fan-out uses these two.
  member = { socket, wire: Reflect.get(socket.conn.request, 'websocket') } as Connection;
});
afterEach(async () => {
  page.disconnect();
  await io.close();
});

/** Resolves with what came when so many speakers' lists have come. */
function heard(count: number): Promise<string[]> {
  const names: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string[]>();
  page.on('speaking', ({ userIds }: { userIds: string[] }) => {
    if (names.push(userIds.join()) === count) resolve(names);
  });
  return promise;
}

test.each([
  ['short', 5],
  ['of the longest length in one byte', 125 - '42["speaking",{"userIds":[""]}]'.length],
  ['of the shortest length in two bytes', 126 - '42["speaking",{"userIds":[""]}]'.length],
  ['of the longest length in two bytes', 65_535 - '42["speaking",{"userIds":[""]}]'.length],
  ['of the shortest length in eight bytes', 65_536 - '42["speaking",{"userIds":[""]}]'.length],
  ['large', 300_000],
])('a %s message arrives whole', async (_, length) => {
  const arriving = heard(1);
  fanOut([member], 'speaking', { userIds: ['x'.repeat(length)] });
  expect(await arriving).toEqual(['x'.repeat(length)]);
});

test('text of several bytes a character arrives whole', async () => {
  const arriving = heard(1);
  fanOut([member], 'speaking', { userIds: ['继电器🙂'.repeat(40)] });
  expect(await arriving).toEqual(['继电器🙂'.repeat(40)]);
});

test('what is fanned out and what is sent to the one alone keep their order, also behind what is not taken yet', async () => {
  const arriving = heard(300);
  const sent: string[] = [];
  for (let n = 0; n < 300; n++) {
    // Every tenth is more than the system takes at once.
    const text = `${n}:${n % 10 === 0 ? 'y'.repeat(400_000) : ''}`;
    sent.push(text);
    if (n % 3 === 0) member.socket.emit('speaking', { userIds: [text] });
    else fanOut([member], 'speaking', { userIds: [text] });
  }
  expect(await arriving).toEqual(sent);
});

test('nothing is written to who has gone', async () => {
  const gone = once(member.socket as never, 'disconnect');
  page.disconnect();
  await gone;
  fanOut([member], 'speaking', { userIds: ['x'] });
  expect(member.wire.bufferedAmount).toBe(0);
});
