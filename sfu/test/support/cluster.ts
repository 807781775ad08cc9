/** Real nodes in one process that find each other in a registry and meet over real links and pipes. */
import { randomUUID } from 'node:crypto';
import { meshContract } from '@keshi/contract/sfu-mesh';
import { sfuNodeKind, type SfuNodeInfo } from '@keshi/contract/sfu';
import { createLinkServer, type LinkServer } from '@keshi/runtime/link/server';
import { createMemoryState } from '@keshi/runtime/state/memory/state';
import type { NodeRegistry } from '@keshi/runtime/state/ports';
import { createMesh, type Mesh } from '../../src/mesh/links.ts';
import type { OpenTransport } from '../../src/peer-transport.ts';
import { createTestNode, log, type TestNode } from './node.ts';

export const meshSecret = 'a secret for these nodes, long enough';

export interface TestCluster {
  readonly nodes: TestNode[];
  readonly registry: NodeRegistry;
  idOf(node: TestNode): string;
  /** On every node, each knowing the others. */
  openClass(classId: string): Promise<void>;
  /** As a power cut takes it: its workers and its links are gone, and nobody was told. */
  kill(node: TestNode): Promise<void>;
  close(): Promise<void>;
}

export interface ClusterNodeOptions {
  openTransport?: OpenTransport;
  /** Where its pipes and transports listen. */
  ip?: string;
  /** Another way to start its media worker, and the port it listens on there. */
  workerBin?: string;
  portBase?: number;
}

export async function createTestCluster(
  size: number,
  optionsOf: (n: number) => ClusterNodeOptions = () => ({}),
): Promise<TestCluster> {
  const state = createMemoryState({ log });
  const parts = new Map<TestNode, { id: string; mesh: Mesh; links: LinkServer }>();
  const ttlMs = 60_000;

  for (let n = 0; n < size; n++) {
    const id = randomUUID();
    const mesh = await createMesh({ registry: state.registry, nodeId: id, secret: meshSecret, log });
    const { ip = '127.0.0.1', ...options } = optionsOf(n);
    const listen = { ip, announcedAddress: null, ports: null };
    const test = await createTestNode({ ...options, listenIp: ip, mesh: { mesh, listen } });
    const links = await createLinkServer({
      contract: meshContract,
      secret: meshSecret,
      audience: id,
      serve: (link) => test.node.serveMesh(link),
      log,
      port: 0,
    });
    parts.set(test, { id, mesh, links });
    const info: SfuNodeInfo = {
      url: 'ws://127.0.0.1:1',
      meshUrl: `ws://127.0.0.1:${links.port}`,
      region: null,
      draining: false,
      budget: 500,
      usedPercent: 0,
      records: false,
    };
    await state.registry.announce(sfuNodeKind, id, info, ttlMs);
  }

  const partOf = (node: TestNode) => {
    const part = parts.get(node);
    if (!part) throw new Error('not of this cluster');
    return part;
  };

  async function remove(node: TestNode): Promise<void> {
    const { mesh, links } = partOf(node);
    parts.delete(node);
    await links.close();
    await mesh.close();
  }

  return {
    nodes: [...parts.keys()],
    registry: state.registry,
    idOf: (node) => partOf(node).id,
    async openClass(classId) {
      const ids = [...parts.values()].map(({ id }) => id);
      for (const [{ node }, { id }] of parts)
        await node.request('class.open', { classId, nodes: ids.filter((other) => other !== id) });
    },
    async kill(node) {
      await remove(node);
      await node.pool.close();
    },
    async close() {
      const left = [...parts.keys()];
      for (const node of left) {
        await node.close();
        await remove(node);
      }
      await state.close();
    },
  };
}
