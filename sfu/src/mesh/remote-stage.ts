/**
 * What another node publishes in a class, as this node has it: known from the moment it is announced, but sent here
 * only while somebody here takes it. One pipe per class and node carries all of its streams.
 *
 * Who closes whom: a stream's producer here closes with its last user, with the stream, or with the worker that holds
 * it; the pipe closes with its last producer; `close()` closes all and stops watching.
 */
import { randomUUID } from 'node:crypto';
import type { types } from 'mediasoup';
import type { PipeEnd, StageStreamJson } from '@keshi/contract/sfu-mesh';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { Place } from '../distribution.ts';
import { toRtpParameters } from '../negotiation.ts';
import type { StageStream } from '../stream.ts';
import type { Mesh, MeshLink } from './links.ts';
import { connectPipe, createPipeTransport, isSameEnd, pipeEndOf, type PipeListen } from './pipe-transport.ts';

export interface RemoteStageListener {
  opened(stream: StageStream): void;
  closed(stream: StageStream): void;
  paused(stream: StageStream): void;
  /** It lives on at the other node, but no longer arrives here: whoever consumed it has to take it again. */
  broken(stream: StageStream): void;
}

export interface RemoteStageOptions {
  classId: string;
  nodeId: string;
  mesh: Mesh;
  listen: PipeListen;
  listener: RemoteStageListener;
  log: Logger;
}

export interface RemoteStage {
  readonly nodeId: string;
  streams(): StageStream[];
  /** Idempotent; the listener hears nothing of it. */
  close(): void;
}

interface Pipe {
  readonly id: string;
  readonly origin: Place;
  readonly transport: types.PipeTransport;
  /** The other end, once it was answered. */
  far: PipeEnd | null;
  connected: Promise<void> | null;
  streams: number;
}

interface RemoteStream extends StageStream {
  setPaused(paused: boolean): void;
  /** After the link was away: whether what arrives here still does. */
  confirm(link: MeshLink): Promise<void>;
  end(): void;
}

export function createRemoteStage(options: RemoteStageOptions): RemoteStage {
  const { classId, nodeId, mesh, listen, listener, log } = options;
  const streams = new Map<string, RemoteStream>();
  let link: MeshLink | null = null;
  let pipe: { origin: Place; made: Promise<Pipe> } | null = null;
  let closed = false;
  /** Grows with every life of the link, so that an answer to an earlier one is not taken for the present. */
  let life = 0;

  function requireLink(): MeshLink {
    if (link?.state.kind !== 'open') throw new AppError('media-unavailable', { retryMs: 1000 });
    return link;
  }

  function pipeOn(origin: Place): Promise<Pipe> {
    if (pipe?.origin === origin) return pipe.made;
    const made = createPipeTransport(origin.router, listen).then((transport): Pipe => {
      const opened = { id: randomUUID(), origin, transport, far: null, connected: null, streams: 0 };
      transport.observer.once('close', () => {
        if (pipe?.made === made) pipe = null;
      });
      return opened;
    });
    pipe = { origin, made };
    made.catch(() => {
      if (pipe?.made === made) pipe = null;
    });
    return made;
  }

  async function take(
    stream: RemoteStream,
    origin: Place,
  ): Promise<{ producer: types.Producer; from: Pipe }> {
    const asked = requireLink();
    let from = await pipeOn(origin);
    // Its last stream may have gone, and the pipe with it, between its making and now.
    if (from.transport.closed) from = await pipeOn(origin);
    from.streams += 1;
    try {
      const taken = await asked.request('pipe.take', {
        classId,
        pipeId: from.id,
        streamId: stream.id,
        end: pipeEndOf(from.transport),
      });
      from.far = taken.end;
      from.connected ??= connectPipe(from.transport, taken.end);
      await from.connected;
      const producer = await from.transport.produce({
        id: stream.id,
        kind: taken.kind,
        rtpParameters: toRtpParameters(taken.rtpParameters),
        paused: stream.paused,
      });
      return { producer, from };
    } catch (error) {
      leave(from);
      throw error;
    }
  }

  function leave(from: Pipe): void {
    from.streams -= 1;
    if (from.streams === 0) from.transport.close();
  }

  function drop(from: Pipe, streamId: string): void {
    leave(from);
    if (link?.state.kind !== 'open') return;
    link.request('pipe.drop', { classId, pipeId: from.id, streamId }).catch((error: unknown) => {
      log.debug({ err: error, nodeId }, 'a stream could not be dropped');
    });
  }

  function makeStream(json: StageStreamJson): RemoteStream {
    const { id, peerId, source, kind, via, since } = json;
    let paused = json.paused;
    let ended = false;
    let users = 0;
    let here: types.Producer | null = null;
    let arrival: { origin: Place; made: Promise<{ producer: types.Producer; from: Pipe }> } | null = null;

    /** Gives up what arrives, if it is still this one. */
    function abandon(which: typeof arrival): void {
      if (!which || arrival !== which) return;
      arrival = null;
      which.made.then(
        ({ producer, from }) => {
          producer.close();
          drop(from, id);
        },
        () => undefined,
      );
    }

    function arriveAt(origin: Place): Promise<{ producer: types.Producer; from: Pipe }> {
      // The worker of the former origin died: there is nothing left of it to give up.
      if (arrival && arrival.origin !== origin) arrival = null;
      if (arrival) return arrival.made;
      const made = take(stream, origin);
      const mine = { origin, made };
      arrival = mine;
      made.then(
        ({ producer, from }) => {
          if (arrival === mine) here = producer;
          const broke = () => {
            if (here === producer) here = null;
            if (arrival !== mine) return;
            arrival = null;
            drop(from, id);
            if (!ended && !closed) listener.broken(stream);
          };
          if (producer.closed) broke();
          else producer.observer.once('close', broke);
          // It may have been paused or resumed while it was on its way.
          settle();
        },
        () => {
          if (arrival === mine) arrival = null;
        },
      );
      return made;
    }

    function settle(): void {
      const following = arrival;
      following?.made
        .then(async ({ producer }) => {
          if (arrival !== following || producer.closed || producer.paused === paused) return;
          await (paused ? producer.pause() : producer.resume());
        })
        .catch((error: unknown) => log.debug({ err: error }, 'a remote stream could not follow its pause'));
    }

    const stream: RemoteStream = {
      id,
      peerId,
      source,
      kind,
      via,
      since,
      get paused() {
        return paused;
      },
      get closed() {
        return ended || closed;
      },
      async arrive(origin) {
        if (ended || closed) throw new AppError('media-not-found');
        users += 1;
        try {
          return (await arriveAt(origin)).producer;
        } catch (error) {
          users -= 1;
          throw error;
        }
      },
      release() {
        users -= 1;
        if (users === 0) abandon(arrival);
      },
      here: () => (here?.closed === false ? here : null),
      setPaused(now) {
        if (now === paused) return;
        paused = now;
        settle();
        listener.paused(stream);
      },
      async confirm(asked) {
        const known = arrival;
        const arrived = await known?.made.catch(() => null);
        if (!known || !arrived || arrival !== known) return;
        const { from, producer } = arrived;
        const end = pipeEndOf(from.transport);
        const again = await asked.request('pipe.take', { classId, pipeId: from.id, streamId: id, end });
        // The other end is a new one, which this end can no longer be connected to.
        if (arrival === known && (!from.far || !isSameEnd(from.far, again.end))) producer.close();
      },
      end() {
        if (ended) return;
        ended = true;
        abandon(arrival);
      },
    };
    return stream;
  }

  function open(json: StageStreamJson): void {
    const known = streams.get(json.id);
    if (known) {
      known.setPaused(json.paused);
      return;
    }
    const stream = makeStream(json);
    streams.set(json.id, stream);
    listener.opened(stream);
  }

  function end(streamId: string): void {
    const stream = streams.get(streamId);
    if (!stream) return;
    streams.delete(streamId);
    stream.end();
    listener.closed(stream);
  }

  async function watch(asked: MeshLink): Promise<void> {
    life += 1;
    const mine = life;
    const { streams: listed } = await asked.request('stage.watch', { classId });
    if (closed || life !== mine) return;
    const present = new Set(listed.map(({ id }) => id));
    const before = [...streams.values()];
    for (const { id } of before) if (!present.has(id)) end(id);
    for (const json of listed) open(json);
    await Promise.all(before.filter(({ closed: gone }) => !gone).map((stream) => stream.confirm(asked)));
  }

  const unfollow = mesh.follow(nodeId, classId, {
    up(opened) {
      link = opened;
      watch(opened).catch((error: unknown) => {
        // A link that broke meanwhile is followed by another.
        if (!closed) log.debug({ err: error, nodeId }, 'the stage of another node could not be watched');
      });
    },
    lost() {
      for (const id of [...streams.keys()]) end(id);
    },
    opened: open,
    paused(streamId, paused) {
      streams.get(streamId)?.setPaused(paused);
    },
    closed: end,
  });

  return {
    nodeId,
    streams: () => [...streams.values()],
    close() {
      if (closed) return;
      closed = true;
      for (const stream of streams.values()) stream.end();
      streams.clear();
      unfollow();
    },
  };
}
