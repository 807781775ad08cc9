/**
 * All of a class's stage as this node has it: what is published here, and what other nodes publish. Of one person and
 * source only the latest stream is offered, because one who moved to another node is published twice for a moment.
 *
 * Who closes whom: `close()` closes what came from other nodes; what is published here belongs to the stage.
 */
import type { Logger } from '@keshi/runtime/log';
import type { Giving } from './mesh/giving.ts';
import type { Mesh } from './mesh/links.ts';
import type { PipeListen } from './mesh/pipe-transport.ts';
import { createRemoteStage, type RemoteStage } from './mesh/remote-stage.ts';
import { supersedes, type StageStream } from './stream.ts';

/** The other nodes, and the way to them. */
export interface ClassMesh {
  mesh: Mesh;
  listen: PipeListen;
  giving: Giving;
}

export interface GatheredStage {
  /** What is offered to viewers, wherever it is published. */
  streams(): StageStream[];
  /** Watches the stage of another node too; idempotent. */
  watch(nodeId: string): void;
  /** Streams that have to make way for this one: they may stand frozen until their node is known to be lost. */
  replacedBy(stream: StageStream): StageStream[];
  /** Idempotent. */
  close(): void;
}

export interface GatheredStageOptions {
  classId: string;
  /** Null for a node that stands alone. */
  mesh: ClassMesh | null;
  /** What is published on this node. */
  here: () => StageStream[];
  /** A stream of another node is to be given to viewers, for the first time or again. */
  offer: (stream: StageStream) => void;
  ended: (stream: StageStream) => void;
  /** Called after every change of what other nodes publish. */
  changed: () => void;
  log: Logger;
}

export function createGatheredStage(options: GatheredStageOptions): GatheredStage {
  const { classId, mesh, here, offer, ended, changed, log } = options;
  const remotes = new Map<string, RemoteStage>();
  const elsewhere = () => [...remotes.values()].flatMap((remote) => remote.streams());

  function streams(): StageStream[] {
    if (remotes.size === 0) return here();
    const latest = new Map<string, StageStream>();
    for (const stream of [...here(), ...elsewhere()]) {
      const key = `${stream.peerId}/${stream.source}`;
      const other = latest.get(key);
      if (!other || supersedes(stream, other)) latest.set(key, stream);
    }
    return [...latest.values()];
  }

  return {
    streams,
    watch(nodeId) {
      if (!mesh || remotes.has(nodeId)) return;
      const arrived = (stream: StageStream) => {
        changed();
        if (streams().includes(stream)) offer(stream);
      };
      const remote = createRemoteStage({
        classId,
        nodeId,
        mesh: mesh.mesh,
        listen: mesh.listen,
        listener: {
          opened: arrived,
          broken: arrived,
          closed(stream) {
            ended(stream);
            changed();
          },
          paused: changed,
        },
        log,
      });
      remotes.set(nodeId, remote);
    },
    replacedBy: (stream) =>
      elsewhere().filter(
        (former) =>
          former.id !== stream.id &&
          former.peerId === stream.peerId &&
          former.source === stream.source &&
          supersedes(stream, former),
      ),
    close() {
      for (const remote of remotes.values()) remote.close();
    },
  };
}
