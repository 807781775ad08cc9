/** The SFU nodes a node of signaling can reach, each over one persistent link. */
import { sfuContract, sfuNodeInfo, sfuNodeKind, type SfuNodeInfo } from '@keshi/contract/sfu';
import { createLinkClient } from '@keshi/runtime/link/client';
import type { Link } from '@keshi/runtime/link/link';
import type { Logger } from '@keshi/runtime/log';
import type { NodeEntry, NodeRegistry, Unsubscribe } from '@keshi/runtime/state/ports';
import type { NodeLoad } from './placement.ts';

export type SfuLink = Link<typeof sfuContract>;

export interface MediaNode extends NodeLoad {
  /** Whether it can record. */
  records: boolean;
}

export interface MediaNodes {
  /** Those whose link is open, ordered by id, with what was placed on them since they last said how loaded they are. */
  list(): MediaNode[];
  link(nodeId: string): SfuLink | null;
  /** Counts a placement until the node's own figures show it. */
  placed(nodeId: string, streams: number): void;
  /** Called for every node that is there and for every one that comes. */
  onLink(fn: (nodeId: string, link: SfuLink) => void): void;
  /** Called when a node has gone for good. */
  onGone(fn: (nodeId: string) => void): void;
  /** Called when a node begins to drain. */
  onDraining(fn: (nodeId: string) => void): void;
  close(): Promise<void>;
}

type Load = Pick<SfuNodeInfo, 'draining' | 'region' | 'budget' | 'usedPercent' | 'records'>;

/** A node says each second how loaded it is, in steps: what is not shown by then is below a step. */
const shownAfterMs = 2_500;
/** What was placed so shortly before a node spoke may not have arrived there yet. */
const arrivesWithinMs = 400;

/** What was placed lately and may not be in a node's figures yet. */
function createRecentPlacements() {
  let recent: { at: number; streams: number }[] = [];
  return {
    add(streams: number) {
      recent.push({ at: performance.now(), streams });
    },
    /** The node has spoken: what had arrived by then is in its figures. */
    shown() {
      const since = performance.now() - arrivesWithinMs;
      recent = recent.filter(({ at }) => at >= since);
    },
    sum() {
      const since = performance.now() - shownAfterMs;
      if (recent[0] && recent[0].at < since) recent = recent.filter(({ at }) => at >= since);
      return recent.reduce((sum, { streams }) => sum + streams, 0);
    },
  };
}
type RecentPlacements = ReturnType<typeof createRecentPlacements>;

function toNode(id: string, load: Load, recent: RecentPlacements): MediaNode {
  const { draining, region, budget, usedPercent, records } = load;
  return { id, draining, region, budget, used: (budget * usedPercent) / 100 + recent.sum(), records };
}

/** One node whose link was made by whoever composed the process; it stays theirs to close. */
export function localMediaNode(link: SfuLink, load: () => Load, id = 'local'): MediaNodes {
  const recent = createRecentPlacements();
  return {
    list: () => (link.state.kind === 'open' ? [toNode(id, load(), recent)] : []),
    link: (nodeId) => (nodeId === id ? link : null),
    placed: (_nodeId, streams) => recent.add(streams),
    onLink: (fn) => fn(id, link),
    onGone: () => undefined,
    onDraining: () => undefined,
    close: async () => undefined,
  };
}

/** Without any SFU: classes run without media. */
export function noMediaNodes(): MediaNodes {
  return {
    list: () => [],
    link: () => null,
    placed: () => undefined,
    onLink: () => undefined,
    onGone: () => undefined,
    onDraining: () => undefined,
    close: async () => undefined,
  };
}

interface KnownNode {
  readonly url: string;
  readonly link: SfuLink;
  readonly recent: RecentPlacements;
  load: Load;
}

/** Follows the registry; `close` closes the links. */
export async function registeredMediaNodes(deps: {
  registry: NodeRegistry;
  secret: string;
  nodeId: string;
  log: Logger;
}): Promise<MediaNodes> {
  const { registry, secret, nodeId, log } = deps;
  const known = new Map<string, KnownNode>();
  const onLink = new Set<(id: string, link: SfuLink) => void>();
  const onGone = new Set<(id: string) => void>();
  const onDraining = new Set<(id: string) => void>();

  function update(entries: readonly NodeEntry[]): void {
    const present = new Set<string>();
    for (const { id, info } of entries) {
      const parsed = sfuNodeInfo.safeParse(info);
      if (!parsed.success) {
        log.error({ nodeId: id }, 'an SFU node announced itself in a shape that is not ours');
        continue;
      }
      present.add(id);
      const node = known.get(id);
      if (!node) add(id, parsed.data);
      else if (node.url !== parsed.data.url)
        // An id names one life of one process: a second one under it is an error or a forgery, and is not followed.
        log.error({ nodeId: id }, 'an SFU node announced itself under an id that is taken');
      else {
        const begins = parsed.data.draining && !node.load.draining;
        if (node.load.usedPercent !== parsed.data.usedPercent) node.recent.shown();
        node.load = parsed.data;
        if (begins) for (const fn of onDraining) fn(id);
      }
    }
    for (const [id, { link }] of known) {
      if (present.has(id)) continue;
      known.delete(id);
      void link.close();
      for (const fn of onGone) fn(id);
    }
  }

  function add(id: string, info: SfuNodeInfo): void {
    const link = createLinkClient({
      contract: sfuContract,
      url: info.url,
      secret,
      from: nodeId,
      // This life of it alone: whoever listens at its address after it is another node.
      audience: id,
      log,
      maxPauseMs: 1_000,
    });
    known.set(id, { url: info.url, link, recent: createRecentPlacements(), load: info });
    for (const fn of onLink) fn(id, link);
  }

  const unwatch: Unsubscribe = await registry.watch(sfuNodeKind, update);
  return {
    list: () =>
      [...known]
        .filter(([, { link }]) => link.state.kind === 'open')
        .map(([id, { load, recent }]) => toNode(id, load, recent)),
    link: (id) => known.get(id)?.link ?? null,
    placed: (id, streams) => known.get(id)?.recent.add(streams),
    onLink(fn) {
      onLink.add(fn);
      for (const [id, { link }] of known) fn(id, link);
    },
    onGone: (fn) => void onGone.add(fn),
    onDraining: (fn) => void onDraining.add(fn),
    async close() {
      await unwatch();
      await Promise.all([...known.values()].map(({ link }) => link.close()));
      known.clear();
    },
  };
}
