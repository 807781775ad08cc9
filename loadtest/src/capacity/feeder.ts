/**
 * Sends the streams of many classes at the pace of cameras and microphones, and hears a few viewers of each: how many
 * packets came, how late. A packet that comes too late to be shown counts as lost, or a worker that cannot keep up
 * would look well for as long as its socket's buffer lasts.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { UdpAddress } from '../forward/path.ts';
import { countLimit, laneLimit, makePacket, nameOf, streams, type StreamShape } from './stream.ts';

export interface Lane {
  /** Less than `laneLimit`, and this lane's alone. */
  readonly lane: number;
  readonly port: number;
  /** Viewers that receive at `sink`. */
  readonly heardBy: number;
}

export interface Heard {
  /** Packets that should have come: those sent, once per viewer that is heard. */
  expected: number;
  /** Of them, those that came in time. */
  inTime: number;
  /** Milliseconds from sending to hearing, also of the late ones. */
  delays: number[];
  /** UDP payload of what came, bytes. */
  bytes: number;
  /** How long was sent, ms. */
  ms: number;
}

export interface Feeder {
  /** Where the viewers that are heard receive. */
  readonly sink: UdpAddress;
  /** Feeds all lanes side by side; answers in their order. */
  feed(lanes: readonly Lane[], ms: number): Promise<Heard[]>;
  close(): void;
}

/** Later than this a packet is of no use to a conversation. */
const lateMs = 200;
const remembered = 8_192;

/** How far one stream of one lane is. */
interface Progress {
  readonly shape: StreamShape;
  count: number;
  readonly sentAt: Float64Array;
}

export async function openFeeder(): Promise<Feeder> {
  const out = createSocket('udp4');
  const back = createSocket({ type: 'udp4', recvBufferSize: 8 << 20 });
  back.bind(0, '127.0.0.1');
  await once(back, 'listening');
  const progress = new Map<number, Progress[]>();
  let heard = new Map<number, Heard>();

  function progressOf(lane: number): Progress[] {
    if (lane >= laneLimit) throw new Error('more classes than the packets can name');
    let known = progress.get(lane);
    known ??= streams.map((shape) => ({ shape, count: 0, sentAt: new Float64Array(remembered) }));
    progress.set(lane, known);
    return known;
  }

  back.on('message', (message) => {
    const now = performance.now();
    const name = nameOf(message);
    const window = name && heard.get(name.lane);
    if (!window) return;
    const stream = progress.get(name.lane)?.find(({ shape }) => shape.kind === name.kind);
    const sentAt = stream?.sentAt[name.count % remembered] ?? 0;
    // Zero is a packet of a former window that comes only now: lost there already.
    if (sentAt === 0) return;
    const delay = now - sentAt;
    window.delays.push(delay);
    window.bytes += message.length;
    if (delay <= lateMs) window.inTime += 1;
  });

  function sendBurst(lane: Lane, stream: Progress): void {
    const { shape, sentAt } = stream;
    const window = heard.get(lane.lane);
    for (let packet = 0; packet < shape.burst; packet++) {
      const bytes = makePacket(shape, lane.lane, stream.count);
      sentAt[stream.count % remembered] = performance.now();
      out.send(bytes, lane.port, '127.0.0.1');
      stream.count = (stream.count + 1) % countLimit;
      if (window) window.expected += lane.heardBy;
    }
  }

  return {
    sink: { ip: '127.0.0.1', port: back.address().port },
    async feed(lanes, ms) {
      for (const streamsOfLane of progress.values()) for (const { sentAt } of streamsOfLane) sentAt.fill(0);
      heard = new Map(lanes.map(({ lane }) => [lane, { expected: 0, inTime: 0, delays: [], bytes: 0, ms }]));
      const windows = [...heard.values()];
      // Classes do not beat in time: each begins its frames at another moment.
      const due = lanes.flatMap((lane, at) =>
        progressOf(lane.lane).map((stream) => ({
          lane,
          stream,
          next: ((at + 0.5) / lanes.length) * stream.shape.everyMs,
        })),
      );
      const began = performance.now();
      const done = Promise.withResolvers<void>();
      const timer = setInterval(() => {
        const passed = performance.now() - began;
        for (const turn of due)
          for (; turn.next <= Math.min(passed, ms); turn.next += turn.stream.shape.everyMs)
            sendBurst(turn.lane, turn.stream);
        if (passed < ms) return;
        clearInterval(timer);
        setTimeout(done.resolve, lateMs);
      }, 1);
      await done.promise;
      heard = new Map();
      return windows;
    },
    close() {
      out.close();
      back.close();
    },
  };
}
