/**
 * An SFU node and its workers as the model sees them: the books that placement reads, and the processor time that
 * forwarding takes. It decides with the service's own functions and moves no packet.
 */
import { reservation, usedOf, type Placement, type WorkerLoad } from '@keshi/sfu/placement';
import type { Costs, Stream } from './costs.ts';

/** What a worker does with a packet. */
type Handling = 'published' | 'fromPipe' | 'toViewer' | 'intoPipe';

export interface ModelWorker {
  /** Streams to viewers, pipes apart. */
  consumers: number;
  /** Streams it sends into pipes, to other workers and nodes. */
  piped: number;
  reserved: number;
  mbps: number;
  /** Packets a second, by what is done with them. */
  packets: Record<Handling, number>;
  /** When it has done what was asked of it, simulated ms. */
  freeAt: number;
}

/** What a class has on one node. */
interface Room {
  origin: number;
  /** People on each worker, and of them those who are sent something. */
  peers: number[];
  watching: number[];
  /** The stage's streams are at the origin: from their publisher or out of a pipe. */
  isFed: boolean;
}

export interface ModelSeat {
  readonly worker: number;
  readonly reserved: number;
  readonly streams: readonly Stream[];
}

export interface ModelNode {
  readonly id: string;
  readonly workers: readonly ModelWorker[];
  /** When its own process has done what was asked of it, simulated ms. */
  freeAt: number;
  /** Consumers its workers take together. */
  readonly budget: number;
  /** In consumers, as the service reports it in steps of 2 %. */
  used(): number;
  /** Makes the class's origin if there is none. */
  open(classId: string): void;
  /** `streams` is what the person is sent: nothing for who publishes it. Null when no worker has room. */
  enter(classId: string, streams: readonly Stream[], audioOnly: boolean): ModelSeat | null;
  leave(classId: string, seat: ModelSeat): void;
  /** People of the class who are sent something here. */
  watching(classId: string): number;
  /** The stage's streams come to the origin, or come no more: from their publisher or out of a pipe from another node. */
  feed(classId: string, from: 'published' | 'fromPipe', isFed: boolean): void;
  /** One more node takes the stage's streams from here, or one fewer. */
  give(classId: string, sign: 1 | -1): void;
  /** Streams in pipes that begin here, between workers of this node and to others. */
  pipes(): number;
}

const stepPercent = 2;

/** `stage` is what every class publishes. */
export function createModelNode(
  id: string,
  workerCount: number,
  placement: Placement,
  stage: readonly Stream[],
): ModelNode {
  const { policy } = placement;
  const workers = Array.from({ length: workerCount }, (): ModelWorker => ({
    consumers: 0,
    piped: 0,
    reserved: 0,
    mbps: 0,
    packets: { published: 0, fromPipe: 0, toViewer: 0, intoPipe: 0 },
    freeAt: 0,
  }));
  const rooms = new Map<string, Room>();
  const budget = workerCount * policy.budget;

  const loads = (room?: Room): (WorkerLoad & { at: number })[] =>
    workers.map((worker, at) => ({
      at,
      consumers: worker.consumers + worker.piped,
      reserved: worker.reserved,
      mbps: worker.mbps,
      hasRouter: room !== undefined && (room.origin === at || (room.peers[at] ?? 0) > 0),
    }));

  function workerAt(at: number): ModelWorker {
    const worker = workers[at];
    if (!worker) throw new Error(`node ${id} has no worker ${at}`);
    return worker;
  }

  function roomOf(classId: string): Room {
    const room = rooms.get(classId);
    if (!room) throw new Error(`node ${id} does not carry ${classId}`);
    return room;
  }

  function arrive(at: number, from: 'published' | 'fromPipe', sign: 1 | -1): void {
    const { packets } = workerAt(at);
    for (const { packetsPerSecond } of stage) packets[from] += sign * packetsPerSecond;
  }

  function pipeFrom(at: number, sign: 1 | -1): void {
    const worker = workerAt(at);
    worker.piped += sign * stage.length;
    for (const { packetsPerSecond } of stage) worker.packets.intoPipe += sign * packetsPerSecond;
  }

  /** The stage crosses from the origin to a worker, or does so no more. */
  function cross(room: Room, to: number, sign: 1 | -1): void {
    if (to === room.origin) return;
    pipeFrom(room.origin, sign);
    arrive(to, 'fromPipe', sign);
  }

  function send(worker: ModelWorker, { reserved, streams }: ModelSeat, sign: 1 | -1): void {
    worker.reserved += sign * reserved;
    worker.consumers += sign * streams.length;
    for (const { packetsPerSecond, mbps } of streams) {
      worker.packets.toViewer += sign * packetsPerSecond;
      worker.mbps += sign * mbps;
    }
  }

  function count(room: Room, { worker: at, streams }: ModelSeat, sign: 1 | -1): void {
    room.peers[at] = (room.peers[at] ?? 0) + sign;
    if (streams.length === 0) return;
    const before = room.watching[at] ?? 0;
    room.watching[at] = before + sign;
    // The first who watches there brings the streams, the last takes them away.
    const isEdge = sign === 1 ? before === 0 : before === 1;
    if (isEdge && room.isFed) cross(room, at, sign);
  }

  return {
    id,
    workers,
    freeAt: 0,
    budget,
    used() {
      const used = loads().reduce((sum, load) => sum + usedOf(load, policy), 0);
      return (budget * stepPercent * Math.ceil((100 * used) / budget / stepPercent)) / 100;
    },
    open(classId) {
      if (rooms.has(classId)) return;
      const origin = placement.origin(loads())?.at ?? 0;
      rooms.set(classId, {
        origin,
        peers: workers.map(() => 0),
        watching: workers.map(() => 0),
        isFed: false,
      });
    },
    enter(classId, streams, audioOnly) {
      const room = roomOf(classId);
      const reserved = reservation(streams.length, audioOnly, policy);
      const worker = placement.peer(loads(room), reserved)?.at;
      if (worker === undefined) return null;
      const seat = { worker, reserved, streams };
      count(room, seat, 1);
      send(workerAt(worker), seat, 1);
      return seat;
    },
    leave(classId, seat) {
      count(roomOf(classId), seat, -1);
      send(workerAt(seat.worker), seat, -1);
    },
    watching: (classId) => rooms.get(classId)?.watching.reduce((sum, each) => sum + each, 0) ?? 0,
    feed(classId, from, isFed) {
      const room = roomOf(classId);
      if (room.isFed === isFed) return;
      room.isFed = isFed;
      const sign = isFed ? 1 : -1;
      arrive(room.origin, from, sign);
      for (const [at, watching] of room.watching.entries()) if (watching > 0) cross(room, at, sign);
    },
    give(classId, sign) {
      pipeFrom(roomOf(classId).origin, sign);
    },
    pipes: () => workers.reduce((sum, { piped }) => sum + piped, 0),
  };
}

/** The share of one core that forwarding takes. */
export function processorShare({ packets }: Pick<ModelWorker, 'packets'>, costs: Costs): number {
  const micros =
    packets.published * costs.publishedMicros +
    packets.fromPipe * costs.fromPipeMicros +
    packets.toViewer * costs.toViewerMicros +
    packets.intoPipe * costs.intoPipeMicros;
  return micros / 1e6;
}
