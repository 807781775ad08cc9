/**
 * Real SFU nodes with workers and mesh links of their own, all driven from this process over plain sockets: what a
 * bench needs to place viewers where it wants to measure, without signaling in between.
 */
import { randomUUID } from 'node:crypto';
import { meshContract } from '@keshi/contract/sfu-mesh';
import { sfuNodeKind, type SfuNodeInfo } from '@keshi/contract/sfu';
import { createLinkServer } from '@keshi/runtime/link/server';
import type { Logger } from '@keshi/runtime/log';
import { createState } from '@keshi/runtime/state/state';
import { createMesh } from '@keshi/sfu/mesh/links';
import { createSfuNode, type SfuNode } from '@keshi/sfu/node';
import type { OpenTransport } from '@keshi/sfu/peer-transport';
import type { Placement } from '@keshi/sfu/placement';
import { createWorkerPool, type WorkerPool } from '@keshi/sfu/worker-pool';

export interface LocalNode {
  readonly id: string;
  readonly node: SfuNode;
  readonly pool: WorkerPool;
}

export interface LocalNodesOptions {
  /** One node for each entry, with so many workers. */
  workers: readonly number[];
  placement: Placement;
  openTransport: OpenTransport;
  log: Logger;
}

export interface LocalNodes {
  readonly nodes: readonly LocalNode[];
  /** Ends the workers and all links. */
  close(): Promise<void>;
}

const secret = 'known to the nodes of this bench alone';
const host = '127.0.0.1';
const announcedForMs = 3_600_000;

/** Resolves when every node can ask every other. */
export async function openLocalNodes(options: LocalNodesOptions): Promise<LocalNodes> {
  const { log } = options;
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const step of closers.splice(0).toReversed()) await step();
  };
  try {
    const state = await createState({ redisUrl: null }, log);
    closers.push(() => state.close());
    const nodes: LocalNode[] = [];
    for (const workers of options.workers) {
      const id = randomUUID();
      const pool = await createWorkerPool({
        workers,
        listenIp: host,
        announcedAddress: null,
        portBase: 0,
        log,
      });
      closers.push(() => pool.close());
      const mesh = await createMesh({ registry: state.registry, nodeId: id, secret, log });
      closers.push(() => mesh.close());
      const node = createSfuNode({
        pool,
        log,
        placement: options.placement,
        openTransport: options.openTransport,
        mesh: { mesh, listen: { ip: host, announcedAddress: null, ports: null } },
      });
      closers.push(() => node.close());
      const links = await createLinkServer({
        contract: meshContract,
        secret,
        audience: id,
        serve: (link) => node.serveMesh(link),
        log,
        port: 0,
        host,
      });
      closers.push(() => links.close());
      const url = `ws://${host}:${links.port}`;
      const info: SfuNodeInfo = {
        url,
        meshUrl: url,
        region: null,
        draining: false,
        budget: workers * options.placement.policy.budget,
        usedPercent: 0,
        records: false,
      };
      await state.registry.announce(sfuNodeKind, id, info, announcedForMs);
      nodes.push({ id, node, pool });
    }
    return { nodes, close };
  } catch (error) {
    await close();
    throw error;
  }
}
