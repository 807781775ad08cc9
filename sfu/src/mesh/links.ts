/**
 * Links of this node to all others, found in the registry: there before they are needed, so that a viewer's first
 * picture does not wait for one. Who follows a class at another node is told when that node can be asked and when it
 * counts as lost: a link that breaks for a moment loses nothing, because media flows beside it.
 */
import { meshContract, type StageStreamJson } from '@keshi/contract/sfu-mesh';
import { sfuNodeInfo, sfuNodeKind } from '@keshi/contract/sfu';
import { createLinkClient } from '@keshi/runtime/link/client';
import type { Link } from '@keshi/runtime/link/link';
import type { Logger } from '@keshi/runtime/log';
import type { NodeEntry, NodeRegistry } from '@keshi/runtime/state/ports';

export type MeshLink = Link<typeof meshContract>;

/** What one class hears of one other node. */
export interface MeshFollower {
  /** The node can be asked; again after each time its link was down. */
  up(link: MeshLink): void;
  /** The node is lost: what it published is gone. It may come back. */
  lost(): void;
  opened(stream: StageStreamJson): void;
  paused(streamId: string, paused: boolean): void;
  closed(streamId: string): void;
}

export interface Mesh {
  /** Returns how to stop. The node need not be known yet. */
  follow(nodeId: string, classId: string, follower: MeshFollower): () => void;
  close(): Promise<void>;
}

/** How long a link may be down before its node counts as lost: the link is tried again at once and finds a living node. */
const lostAfterMs = 3_000;

interface Neighbour {
  link: MeshLink;
  url: string;
  up: boolean;
  lostTimer: NodeJS.Timeout | null;
}

/** Rejects when the registry cannot be read. */
export async function createMesh({
  registry,
  nodeId,
  secret,
  log,
}: {
  registry: NodeRegistry;
  nodeId: string;
  secret: string;
  log: Logger;
}): Promise<Mesh> {
  const neighbours = new Map<string, Neighbour>();
  const followers = new Map<string, Map<string, MeshFollower>>();
  const followersOf = (id: string) => [...(followers.get(id)?.values() ?? [])];
  const followerOf = (id: string, classId: string) => followers.get(id)?.get(classId);

  function lose(id: string): void {
    for (const follower of followersOf(id)) follower.lost();
  }

  function add(id: string, url: string): void {
    const link = createLinkClient({
      contract: meshContract,
      url,
      secret,
      from: nodeId,
      // The node itself, not its kind: whoever listens at its address after it is somebody else.
      audience: id,
      log,
      maxPauseMs: 1_000,
    });
    const neighbour: Neighbour = { link, url, up: false, lostTimer: null };
    neighbours.set(id, neighbour);
    link.on('stage.opened', ({ classId, stream }) => followerOf(id, classId)?.opened(stream));
    link.on('stage.paused', ({ classId, streamId, paused }) =>
      followerOf(id, classId)?.paused(streamId, paused),
    );
    link.on('stage.closed', ({ classId, streamId }) => followerOf(id, classId)?.closed(streamId));
    link.watch((state) => {
      if (state.kind === 'open') {
        clearTimeout(neighbour.lostTimer ?? undefined);
        neighbour.lostTimer = null;
        neighbour.up = true;
        for (const follower of followersOf(id)) follower.up(link);
      } else if (neighbour.up) {
        neighbour.up = false;
        if (state.kind === 'connecting') neighbour.lostTimer ??= setTimeout(lose, lostAfterMs, id);
      }
    });
  }

  function remove(id: string, { link, lostTimer }: Neighbour): void {
    clearTimeout(lostTimer ?? undefined);
    neighbours.delete(id);
    void link.close();
    lose(id);
  }

  function update(entries: readonly NodeEntry[]): void {
    const present = new Set<string>();
    for (const { id, info } of entries) {
      const parsed = sfuNodeInfo.safeParse(info);
      if (!parsed.success || parsed.data.meshUrl === null || id === nodeId) continue;
      present.add(id);
      const known = neighbours.get(id);
      if (!known) add(id, parsed.data.meshUrl);
      else if (known.url !== parsed.data.meshUrl)
        // An id names one life of one process: a second one under it is an error or a forgery, and is not followed.
        log.error({ nodeId: id }, 'a node announced itself under an id that is taken');
    }
    for (const [id, neighbour] of neighbours) if (!present.has(id)) remove(id, neighbour);
  }

  const unwatch = await registry.watch(sfuNodeKind, update);

  return {
    follow(id, classId, follower) {
      const classes = followers.get(id) ?? new Map<string, MeshFollower>();
      followers.set(id, classes.set(classId, follower));
      const neighbour = neighbours.get(id);
      if (neighbour?.up) follower.up(neighbour.link);
      return () => {
        if (classes.get(classId) !== follower) return;
        classes.delete(classId);
        if (classes.size === 0 && followers.get(id) === classes) followers.delete(id);
        const link = neighbours.get(id)?.link;
        if (link?.state.kind === 'open') link.request('stage.unwatch', { classId }).catch(() => undefined);
      };
    },
    async close() {
      await unwatch();
      for (const { link, lostTimer } of neighbours.values()) {
        clearTimeout(lostTimer ?? undefined);
        void link.close();
      }
      neighbours.clear();
      followers.clear();
    },
  };
}
