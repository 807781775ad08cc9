/**
 * What dead nodes left open [AT4, AT9]: their visits end at their last proof, and the time until somebody noticed is an
 * outage of ours. Runs on every node; a lease makes one of them do it.
 */
import type { Db } from '@keshi/db/client';
import { closeOutage, listOutages, recordOutage } from '@keshi/db/outages';
import { closeVisitsOfDeadNode, nodesWithOpenVisits, openVisitsOfNode } from '@keshi/db/presence';
import type { Logger } from '@keshi/runtime/log';
import type { Lease, NodeEntry, NodeRegistry } from '@keshi/runtime/state/ports';

export const signalingKind = 'signaling';
/** What pages are told to wait at most before they come back after a crash they were not told of. */
export const crashRetryMs = 10_000;

export interface Janitor {
  /** Looks for open visits of nodes that are not alive. Safe to call at any time. */
  sweep(): Promise<void>;
}

export interface JanitorDeps {
  nodeId: string;
  db: Db;
  registry: NodeRegistry;
  lease: Lease;
  now: () => number;
  log: Logger;
  /** An outage has been recorded: chips and boards bridge it. */
  recorded: () => void;
}

const leaseMs = 15_000;

export function createJanitor(deps: JanitorDeps): Janitor {
  const { nodeId, db, registry, lease, now, log } = deps;
  let sweeping: Promise<void> | null = null;

  async function tidy(dead: string): Promise<void> {
    const visits = await openVisitsOfNode(db, dead);
    if (visits.length === 0) return;
    const from = visits.reduce((latest, { lastSeenAt }) => Math.max(latest, lastSeenAt), 0);
    await recordOutage(db, { kind: 'signaling', scope: dead, from, to: now(), retryMs: crashRetryMs });
    const closed = await closeVisitsOfDeadNode(db, dead);
    log.warn({ node: dead, visits: closed.length }, 'closed what a dead node left open');
    deps.recorded();
  }

  /** Outages that a node began when it stopped and nobody was left to end. */
  async function endOutages(alive: ReadonlySet<string>): Promise<void> {
    const { rows } = await listOutages(db, { limit: 50 });
    for (const { kind, scope, to } of rows)
      if (kind === 'signaling' && to === null && !alive.has(scope)) {
        await closeOutage(db, { kind, scope, to: now() });
        deps.recorded();
      }
  }

  async function run(): Promise<void> {
    const alive = new Set((await registry.list(signalingKind)).map(({ id }: NodeEntry) => id)).add(nodeId);
    await endOutages(alive);
    const dead = (await nodesWithOpenVisits(db)).filter((id) => !alive.has(id));
    if (dead.length === 0) return;
    const won = await lease.acquire('presence-janitor', nodeId, leaseMs);
    if (!won) return;
    try {
      for (const id of dead) await tidy(id);
    } finally {
      await lease.release('presence-janitor', nodeId, won.fence).catch(() => false);
    }
  }

  return {
    sweep() {
      sweeping ??= run().finally(() => (sweeping = null));
      return sweeping;
    },
  };
}
