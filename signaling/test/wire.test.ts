/** Our WebSocket against the `ws` package's client, and against bytes no client of any library would send. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { WireEngine } from '../src/wire/engine.ts';
import { createFrameReader, FrameError, type Incoming } from '../src/wire/frame-reader.ts';
import { opcodes } from '../src/wire/frame.ts';
import type { Wire } from '../src/wire/wire.ts';

const mostBytes = 200_000;

/** A frame as a client sends it. */
function masked(opcode: number, payload: Uint8Array, { final = true, key = [1, 2, 3, 4] } = {}): Buffer {
  const { length } = payload;
  const head = [(final ? 0x80 : 0) | opcode];
  if (length < 126) head.push(0x80 | length);
  else if (length < 65_536) head.push(0x80 | 126, length >> 8, length & 255);
  else
    head.push(0x80 | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255);
  return Buffer.from([...head, ...key, ...payload.map((byte, n) => byte ^ (key[n & 3] ?? 0))]);
}
const bytesOf = (text: string) => Buffer.from(text, 'utf8');

describe('a reader of frames', () => {
  const frame = fc.oneof(
    fc
      .string({ unit: 'grapheme', maxLength: 300 })
      .map((text) => ({ opcode: opcodes.text, bytes: bytesOf(text) })),
    fc
      .uint8Array({ maxLength: 70_000 })
      .map((bytes) => ({ opcode: opcodes.binary, bytes: Buffer.from(bytes) })),
    fc.uint8Array({ maxLength: 125 }).map((bytes) => ({ opcode: opcodes.ping, bytes: Buffer.from(bytes) })),
  );

  test('reads the same whatever pieces the bytes come in, and however a message is divided into frames', () => {
    const key = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(frame, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }), key),
          {
            minLength: 1,
            maxLength: 6,
          },
        ),
        fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 20 }),
        (sent, cuts) => {
          const wire: Buffer[] = [];
          for (const [{ opcode, bytes }, divisions, key] of sent) {
            const ends =
              opcode === opcodes.ping
                ? []
                : divisions.map((part) => Math.floor(part * bytes.length)).sort((a, b) => a - b);
            [...ends, bytes.length].forEach((end, n) => {
              const from = n === 0 ? 0 : (ends[n - 1] ?? 0);
              const last = n === ends.length;
              wire.push(
                masked(n === 0 ? opcode : opcodes.continuation, bytes.subarray(from, end), {
                  final: last,
                  key,
                }),
              );
              // Between the frames of a message there may be pings.
              if (!last) wire.push(masked(opcodes.ping, bytesOf('between')));
            });
          }
          const all = Buffer.concat(wire);
          const reader = createFrameReader(mostBytes);
          const read: Incoming[] = [];
          for (let at = 0, cut = 0; at < all.length; cut++) {
            const end = at + (cuts[cut % cuts.length] ?? 1);
            read.push(...reader.read(all.subarray(at, end)));
            at = end;
          }
          const plain = read.flatMap((one) =>
            one.kind === 'close' || (one.kind === 'ping' && one.data.toString() === 'between')
              ? []
              : [Buffer.from(one.data)],
          );
          expect(plain.map(String)).toEqual(sent.map(([{ bytes }]) => String(bytes)));
          for (const [n, [{ bytes }]] of sent.entries()) expect(plain[n]?.equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  const text = bytesOf('课时');
  test.each([
    ['a frame without a mask', 1002, Buffer.from([0x81, 2, 0x61, 0x62])],
    ['a reserved bit', 1002, Buffer.from([0xc1, 0x80, 0, 0, 0, 0])],
    ['an opcode that is none', 1002, masked(3, text)],
    ['a control opcode that is none', 1002, masked(11, text)],
    ['a ping in pieces', 1002, masked(opcodes.ping, text, { final: false })],
    ['a ping that is too long', 1002, masked(opcodes.ping, Buffer.alloc(126))],
    ['a continuation of nothing', 1002, masked(opcodes.continuation, text)],
    [
      'a message within another',
      1002,
      Buffer.concat([masked(opcodes.text, text, { final: false }), masked(opcodes.text, text)]),
    ],
    ['text that is not UTF-8', 1007, masked(opcodes.text, Buffer.from([0xff, 0xfe]))],
    [
      'a message that is too long, by its head alone',
      1009,
      masked(opcodes.text, Buffer.alloc(mostBytes + 1)).subarray(0, 10),
    ],
    ['a length of more than 32 bits', 1009, Buffer.from([0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0])],
    [
      'pieces that are too long together',
      1009,
      Buffer.concat([
        masked(opcodes.binary, Buffer.alloc(mostBytes - 1), { final: false }),
        masked(opcodes.continuation, Buffer.alloc(2)),
      ]),
    ],
    [
      'a message in pieces without end',
      1009,
      Buffer.concat([
        masked(opcodes.text, text, { final: false }),
        ...Array.from({ length: 2_000 }, () =>
          masked(opcodes.continuation, Buffer.alloc(0), { final: false }),
        ),
      ]),
    ],
    ['half a close code', 1002, masked(opcodes.close, Buffer.from([3]))],
    ['a close code nobody may send', 1002, masked(opcodes.close, Buffer.from([3, 0xed]))],
    ['a reason that is not UTF-8', 1007, masked(opcodes.close, Buffer.from([3, 0xe8, 0xff]))],
  ])('refuses %s', (_, code, bytes) => {
    const read = () => createFrameReader(mostBytes).read(bytes);
    expect(read).toThrow(FrameError);
    expect(read).toThrow(expect.objectContaining({ code }));
  });
});

describe('a WebSocket', () => {
  let http: Server;
  let arriving: Promise<Wire>;
  /** What comes first, for as long as nobody else listens. */
  let first: Promise<string | Buffer>;
  const address = () => http.address() as AddressInfo;

  beforeEach(async () => {
    const engine = new WireEngine({ maxPayload: mostBytes });
    http = createServer();
    const { promise, resolve } = Promise.withResolvers<Wire>();
    arriving = promise;
    const heard = Promise.withResolvers<string | Buffer>();
    first = heard.promise;
    http.on('upgrade', (req, socket, head) =>
      engine.handleUpgrade(req, socket as Socket, head, (wire) => {
        wire.on('message', heard.resolve);
        resolve(wire);
      }),
    );
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
  });
  afterEach(async () => {
    http.close();
    await once(http, 'close');
  });

  async function open(protocols: string[] = []): Promise<{ client: WebSocket; wire: Wire }> {
    const client = new WebSocket(`ws://127.0.0.1:${address().port}`, protocols);
    const [wire] = await Promise.all([arriving, once(client, 'open')]);
    return { client, wire };
  }

  test('carries text and bytes of every length both ways, and both say farewell', async () => {
    const { client, wire } = await open();
    const lengths = [0, 1, 125, 126, 65_535, 65_536, mostBytes];
    const echoed: string[] = [];
    wire.on('message', (data: string | Buffer) => wire.send(data));
    client.on('message', (data, binary) => echoed.push(`${String(binary)} ${(data as Buffer).length}`));
    for (const length of lengths) {
      client.send('x'.repeat(length));
      client.send(Buffer.alloc(length, 7));
    }
    await expect.poll(() => echoed.length).toBe(lengths.length * 2);
    expect(echoed).toEqual(lengths.flatMap((length) => [`false ${length}`, `true ${length}`]));
    const gone = new Promise<void>((resolve) => wire.on('close', resolve));
    client.close(4000, 'enough');
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(4000);
    await gone;
  });

  test('closes in order: what was sent before arrives, then the farewell', async () => {
    const { client, wire } = await open(['chat', 'other']);
    expect(client.protocol).toBe('chat');
    const heard = once(client, 'message');
    wire.send('last words');
    wire.close();
    expect(String((await heard)[0])).toBe('last words');
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(1000);
  });

  test('answers pings, and says what was wrong before it closes', async () => {
    const { client } = await open();
    client.ping('are you there');
    expect(String((await once(client, 'pong'))[0])).toBe('are you there');
    client.send(Buffer.alloc(mostBytes + 1));
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(1009);
  });

  test('tells the sender when a client that reads late has taken all', async () => {
    const { client, wire } = await open();
    client.pause();
    const sizes: number[] = [];
    const { promise: taken, resolve } = Promise.withResolvers<void>();
    // As much as it takes until something waits in this process.
    while (wire.idle) wire.send('z'.repeat(1_000_000));
    expect(wire.bufferedAmount).toBeGreaterThan(0);
    wire.send('end', () => {
      sizes.push(wire.bufferedAmount);
      resolve();
    });
    expect(sizes).toEqual([]);
    client.resume();
    await taken;
    wire.terminate();
    await once(client, 'close');
  });

  test('what is written to who has gone fails, and costs nothing', async () => {
    const { client, wire } = await open();
    const gone = new Promise<void>((resolve) => wire.on('close', resolve));
    client.terminate();
    await gone;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    wire.send('x', resolve);
    expect(await promise).toBeInstanceOf(Error);
    expect(wire.idle).toBe(false);
    expect(wire.bufferedAmount).toBe(0);
  });

  const upgrade = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  async function ask(
    lines: readonly string[],
    method = 'GET',
    more: Buffer = Buffer.alloc(0),
  ): Promise<string> {
    const socket = connect(address().port, '127.0.0.1');
    socket.write(
      Buffer.concat([bytesOf([`${method} / HTTP/1.1`, 'Host: x', ...lines, '\r\n'].join('\r\n')), more]),
    );
    let answer = '';
    socket.on('data', (part) => {
      answer += String(part);
      if (answer.startsWith('HTTP/1.1 101') && answer.includes('\r\n\r\n')) socket.end();
    });
    await once(socket, 'close');
    return answer;
  }

  test.each([
    ['another method', 405, upgrade, 'POST'],
    ['no key', 400, upgrade.slice(0, 3), 'GET'],
    ['a key that is none', 400, [...upgrade.slice(0, 3), 'Sec-WebSocket-Key: abc'], 'GET'],
    ['another version', 426, upgrade.map((line) => line.replace('13', '12')), 'GET'],
    ['another protocol', 400, upgrade.map((line) => line.replace('websocket', 'h2c')), 'GET'],
  ])('is refused with %s', async (_, status, lines, method) => {
    expect(await ask(lines, method)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('reads what came behind the request in the same packet', async () => {
    const answer = await ask(upgrade, 'GET', masked(opcodes.text, bytesOf('early')));
    // The example of RFC 6455, 1.3.
    expect(answer).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(await first).toBe('early');
  });
});
