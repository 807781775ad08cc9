/**
 * This node's stage for other nodes: who watches which class, and the pipes through which they take streams. A pipe
 * outlives a link that breaks for a moment, because its packets take another way.
 *
 * Who closes whom: a pipe closes with its last stream, with its class, with the worker it is in, or when its taker has
 * not come back in time.
 */
import type { types } from 'mediasoup';
import type { PipeEnd, StageStreamJson } from '@keshi/contract/sfu-mesh';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { StageProducer } from '../stage.ts';
import type { MeshLink } from './links.ts';
import { connectPipe, createPipeTransport, pipeEndOf, type PipeListen } from './pipe-transport.ts';

export interface GivingDeps {
  /** What this node publishes in a class; empty for an unknown one. */
  stageOf: (classId: string) => StageProducer[];
  listen: PipeListen;
  log: Logger;
}

export interface Giving {
  serve(link: MeshLink): void;
  opened(classId: string, stream: StageProducer): void;
  paused(classId: string, stream: StageProducer): void;
  closed(classId: string, stream: StageProducer): void;
  /** The class is no longer here. */
  closeClass(classId: string): void;
  close(): void;
}

interface GivingPipe {
  readonly classId: string;
  readonly taker: string;
  readonly transport: types.PipeTransport;
  /** By stream; made once even when asked twice at the same moment. */
  readonly streams: Map<string, Promise<types.Consumer>>;
}

/** How long a taker whose link broke may stay away before its pipes close. */
const graceMs = 8_000;

export function createGiving({ stageOf, listen, log }: GivingDeps): Giving {
  const watchers = new Map<string, Set<MeshLink>>();
  const pipes = new Map<string, Promise<GivingPipe>>();
  /** The present link of each taker: a later one takes the place of one that has not ended yet. */
  const takers = new Map<string, MeshLink>();
  const graces = new Set<NodeJS.Timeout>();
  let ended = false;

  const toJson = ({ id, peerId, source, kind, via, paused, since }: StageProducer): StageStreamJson => ({
    id,
    peerId,
    source,
    kind,
    via,
    paused,
    since,
  });

  function tell(classId: string, say: (link: MeshLink) => void): void {
    for (const link of watchers.get(classId) ?? []) say(link);
  }

  function unwatch(classId: string, link: MeshLink): void {
    const links = watchers.get(classId);
    if (links?.delete(link) && links.size === 0) watchers.delete(classId);
  }

  function streamOf(classId: string, streamId: string): StageProducer {
    const stream = stageOf(classId).find(({ id }) => id === streamId);
    if (!stream || stream.closed) throw new AppError('media-not-found');
    return stream;
  }

  function pipeFor(key: string, taker: string, classId: string, stream: StageProducer, end: PipeEnd) {
    const known = pipes.get(key);
    if (known) return known;
    const made = (async (): Promise<GivingPipe> => {
      const transport = await createPipeTransport(stream.router, listen);
      try {
        await connectPipe(transport, end);
      } catch (cause) {
        transport.close();
        throw cause instanceof AppError ? cause : new AppError('media-refused', { cause });
      }
      if (ended) transport.close();
      return { classId, taker, transport, streams: new Map() };
    })();
    pipes.set(key, made);
    const forget = () => {
      if (pipes.get(key) === made) pipes.delete(key);
    };
    made.then(({ transport }) => {
      if (transport.closed) forget();
      else transport.observer.once('close', forget);
    }, forget);
    return made;
  }

  function consume(pipe: GivingPipe, streamId: string): Promise<types.Consumer> {
    const known = pipe.streams.get(streamId);
    if (known) return known;
    const made = pipe.transport.consume({ producerId: streamId });
    pipe.streams.set(streamId, made);
    const forget = () => {
      if (pipe.streams.get(streamId) === made) pipe.streams.delete(streamId);
    };
    made.then((consumer) => {
      if (consumer.closed) forget();
      else consumer.observer.once('close', forget);
    }, forget);
    return made;
  }

  async function closeWhere(matches: (pipe: GivingPipe) => boolean): Promise<void> {
    for (const made of [...pipes.values()]) {
      const pipe = await made.catch(() => null);
      if (pipe && matches(pipe)) pipe.transport.close();
    }
  }

  function departed(link: MeshLink): void {
    for (const classId of [...watchers.keys()]) unwatch(classId, link);
    if (takers.get(link.peer) !== link) return;
    takers.delete(link.peer);
    const timer = setTimeout(() => {
      graces.delete(timer);
      if (!takers.has(link.peer)) void closeWhere(({ taker }) => taker === link.peer);
    }, graceMs);
    graces.add(timer);
  }

  return {
    serve(link) {
      const taker = link.peer;
      takers.set(taker, link);
      link.handle('stage.watch', ({ classId }) => {
        const links = watchers.get(classId) ?? new Set();
        watchers.set(classId, links.add(link));
        return { streams: stageOf(classId).map(toJson) };
      });
      link.handle('stage.unwatch', ({ classId }) => {
        unwatch(classId, link);
        return {};
      });
      link.handle('pipe.take', async ({ classId, pipeId, streamId, end }) => {
        const stream = streamOf(classId, streamId);
        const pipe = await pipeFor(`${taker}/${classId}/${pipeId}`, taker, classId, stream, end);
        const { kind, rtpParameters } = await consume(pipe, streamId).catch((cause: unknown) => {
          throw new AppError(stream.closed ? 'media-not-found' : 'media-unavailable', { cause });
        });
        return { end: pipeEndOf(pipe.transport), kind, rtpParameters, paused: stream.paused };
      });
      link.handle('pipe.drop', async ({ classId, pipeId, streamId }) => {
        const pipe = await pipes.get(`${taker}/${classId}/${pipeId}`)?.catch(() => null);
        const consumer = await pipe?.streams.get(streamId)?.catch(() => null);
        consumer?.close();
        if (pipe && pipe.streams.size === 0) pipe.transport.close();
        return {};
      });
      void link.closed.then(() => departed(link));
      log.debug({ taker }, 'another node takes part');
    },
    opened: (classId, stream) =>
      tell(classId, (link) => link.emit('stage.opened', { classId, stream: toJson(stream) })),
    paused: (classId, { id: streamId, paused }) =>
      tell(classId, (link) => link.emit('stage.paused', { classId, streamId, paused })),
    closed: (classId, { id: streamId }) =>
      tell(classId, (link) => link.emit('stage.closed', { classId, streamId })),
    closeClass(classId) {
      void closeWhere((pipe) => pipe.classId === classId);
    },
    close() {
      ended = true;
      for (const timer of graces) clearTimeout(timer);
      graces.clear();
      watchers.clear();
      void closeWhere(() => true);
    },
  };
}
