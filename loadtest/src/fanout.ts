/**
 * Bench `fanout`: ten thousand members in one class are told something. Ours is the product's signaling, two nodes in
 * processes of their own over real Redis and PostgreSQL: everybody has a ticket, joins, beats and is answered, and what
 * is said is stored before it is told. Against it, in the same run and with the same members, stand in two processes
 * each: plain Socket.IO with its Redis adapter, which asks nobody for a ticket, stores nothing, knows of no class and
 * emits each message to the room; bare `ws`, which writes one frame that is made already to every socket; and raw TCP, which writes the same
 * bytes without a protocol. That last one is Node's own limit: a server in C would deliver more, and is no part of this
 * project.
 *
 * The members are light ones (`fanout/member.ts`): a page's frames on a bare socket, from sixteen loopback addresses. All
 * sides get the same beats and answer the same questions. Counted is the processor time of the server processes alone,
 * not that of Redis and PostgreSQL beside ours. Each side's turn begins with new processes, and nothing else of the
 * bench runs meanwhile. Every message must reach every member once, or the bench fails.
 */
import { alone, median, quantile, type BenchOptions, type Figure } from './figure.ts';
import { ours } from './fanout/our-side.ts';
import { bareWs, plainSocketIo, rawTcp } from './fanout/peer-side.ts';
import type { SideName } from './fanout/side.ts';
import { takeTurn, type Turn, type TurnOptions } from './fanout/turn.ts';

const defaultMembers = 10_000;
/** A round takes minutes. */
const mostRounds = 5;
const sides = [ours, plainSocketIo, bareWs, rawTcp];
const pace: Omit<TurnOptions, 'members'> = {
  frames: 10,
  // Slower than an instructor may write, and no frame waits for the one before it.
  frameEveryMs: 700,
  messages: 100,
  messagesPerSecond: 20,
  speakers: 20,
  settleMs: 4_000,
};

type Turns = Record<SideName, Turn[]>;

/** @public bench.ts loads it by name. */
export async function run({ rounds, viewers }: BenchOptions): Promise<Figure[]> {
  const options = { ...pace, members: viewers ?? defaultMembers };
  if (options.members <= pace.speakers) throw new Error(`more than ${pace.speakers} viewers are needed`);
  const turns: Turns = { ours: [], 'plain Socket.IO': [], 'bare ws': [], 'raw TCP': [] };
  for (let round = 0; round < Math.min(rounds, mostRounds); round++)
    // Who goes first changes, so that nobody always follows the same other.
    for (const side of round % 2 === 0 ? sides : sides.toReversed())
      turns[side.name].push(await takeTurn(side, options));
  return figuresOf(turns, options.members);
}

function figuresOf(turns: Turns, members: number): Figure[] {
  const rounds = turns.ours.length;
  const compared = (
    figure: string,
    unit: string,
    against: Exclude<SideName, 'ours'>,
    of: (turn: Turn) => number,
  ): Figure => ({
    figure,
    value: median(turns.ours.map(of)),
    unit,
    against,
    againstValue: median(turns[against].map(of)),
    ratio: median(
      turns.ours.map((turn, round) => {
        const other = turns[against][round];
        return other ? of(turn) / of(other) : NaN;
      }),
    ),
    rounds,
  });
  const deliveries = ({ deliveriesPerSecond }: Turn) => deliveriesPerSecond;
  const memory = ({ kilobytesPerConnection }: Turn) => kilobytesPerConnection;
  const last = (delays: readonly number[]) => quantile(delays, 0.99);
  const size = members % 1_000 === 0 ? `${members / 1_000}k` : members;
  const perSecond = 'per second of processor time';
  return [
    compared('deliveries_vs_ws', `deliveries ${perSecond}`, 'bare ws', deliveries),
    compared('deliveries_vs_tcp', `deliveries ${perSecond}`, 'raw TCP', deliveries),
    compared('deliveries_vs_socketio', `deliveries ${perSecond}`, 'plain Socket.IO', deliveries),
    compared(
      'messages_vs_socketio',
      `messages delivered ${perSecond}`,
      'plain Socket.IO',
      ({ messagesPerSecond }) => messagesPerSecond,
    ),
    compared(`fanout_p99_${size}_ms`, 'ms', 'plain Socket.IO', ({ delaysMs }) => last(delaysMs)),
    compared(`fanout_lively_p99_${size}_ms`, 'ms', 'plain Socket.IO', ({ livelyDelaysMs }) =>
      last(livelyDelaysMs),
    ),
    compared('kb_per_connection', 'KB', 'plain Socket.IO', memory),
    compared('kb_per_connection_vs_ws', 'KB', 'bare ws', memory),
    compared('kb_per_connection_vs_tcp', 'KB', 'raw TCP', memory),
    compared(
      'connects_per_cpu_s',
      `connects ${perSecond}`,
      'plain Socket.IO',
      ({ connectsPerSecond }) => connectsPerSecond,
    ),
    alone(
      'kb_per_member',
      median(turns.ours.map(({ kilobytesPerMember }) => kilobytesPerMember ?? NaN)),
      'KB',
      rounds,
    ),
    alone(
      'joins_per_cpu_s',
      median(turns.ours.map(({ joinsPerSecond }) => joinsPerSecond ?? NaN)),
      `joins ${perSecond}`,
      rounds,
    ),
  ];
}
