/** The SFU nodes and the links to them: one in this process, or those the registry knows. */
import { sfuContract, sfuNodeInfo, sfuNodeKind } from '@keshi/contract/sfu';
import { createLinkClient } from '@keshi/runtime/link/client';
import type { Link } from '@keshi/runtime/link/link';
import type { Logger } from '@keshi/runtime/log';
import type { NodeEntry, NodeRegistry, Unsubscribe } from '@keshi/runtime/state/ports';
import type { MediaNode } from './placement.ts';

export type SfuLink = Link<typeof sfuContract>;

export interface MediaNodes {
  list(): MediaNode[];
  link(nodeId: string): SfuLink | null;
  /** Called for every node that is there and for every one that comes. */
  onLink(fn: (nodeId: string, link: SfuLink) => void): void;
  /** Called when a node has gone for good. */
  onGone(fn: (nodeId: string) => void): void;
  close(): Promise<void>;
}

/** One node whose link was made by whoever composed the process; it stays theirs to close. */
export function localMediaNode(link: SfuLink, id = 'local'): MediaNodes {
  return {
    list: () => [{ id, draining: false }],
    link: (nodeId) => (nodeId === id ? link : null),
    onLink: (fn) => fn(id, link),
    onGone: () => undefined,
    close: async () => undefined,
  };
}

/** Without any SFU: classes run without media. */
export function noMediaNodes(): MediaNodes {
  return {
    list: () => [],
    link: () => null,
    onLink: () => undefined,
    onGone: () => undefined,
    close: async () => undefined,
  };
}

/** Follows the registry; `close` closes the links. */
export async function registeredMediaNodes(deps: {
  registry: NodeRegistry;
  secret: string;
  nodeId: string;
  log: Logger;
}): Promise<MediaNodes> {
  const { registry, secret, nodeId, log } = deps;
  const known = new Map<string, { link: SfuLink; draining: boolean }>();
  const onLink = new Set<(id: string, link: SfuLink) => void>();
  const onGone = new Set<(id: string) => void>();

  function update(entries: readonly NodeEntry[]): void {
    const present = new Set<string>();
    for (const { id, info } of entries) {
      const parsed = sfuNodeInfo.safeParse(info);
      if (!parsed.success) continue;
      present.add(id);
      const node = known.get(id);
      if (node) node.draining = parsed.data.draining;
      else add(id, parsed.data.url, parsed.data.draining);
    }
    for (const [id, { link }] of known) {
      if (present.has(id)) continue;
      known.delete(id);
      void link.close();
      for (const fn of onGone) fn(id);
    }
  }

  function add(id: string, url: string, draining: boolean): void {
    const link = createLinkClient({
      contract: sfuContract,
      url,
      secret,
      from: nodeId,
      audience: sfuNodeKind,
      log,
    });
    known.set(id, { link, draining });
    for (const fn of onLink) fn(id, link);
  }

  const unwatch: Unsubscribe = await registry.watch(sfuNodeKind, update);
  return {
    list: () => [...known].map(([id, { draining }]) => ({ id, draining })),
    link: (id) => known.get(id)?.link ?? null,
    onLink(fn) {
      onLink.add(fn);
      for (const [id, { link }] of known) fn(id, link);
    },
    onGone: (fn) => void onGone.add(fn),
    async close() {
      await unwatch();
      await Promise.all([...known.values()].map(({ link }) => link.close()));
      known.clear();
    },
  };
}
