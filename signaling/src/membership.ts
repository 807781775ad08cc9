/** This node among the others of its kind: announced while it lives, and looking after what dead ones left open [AT4, AT9]. */
import type { Db } from '@keshi/db/client';
import type { Logger } from '@keshi/runtime/log';
import type { State } from '@keshi/runtime/state/ports';
import { createJanitor, signalingKind } from './presence/janitor.ts';

export interface Membership {
  /** Whether another node is there to take over. */
  hasOthers(): Promise<boolean>;
  /** What it does again and again ends; the others are not told yet. */
  rest(): void;
  /** The others are told that this node is gone. */
  leave(): Promise<void>;
}

export interface MembershipDeps {
  nodeId: string;
  state: Pick<State, 'registry' | 'lease'>;
  db: Db;
  now: () => number;
  log: Logger;
  /** All that live, this one among them, whenever that changes. */
  nodesChanged: (alive: ReadonlySet<string>) => void;
  /** Others took this node for dead and its people for gone; it is announced again. */
  forgotten: () => void;
  /** Whether the registry can be reached, each time it is asked. */
  reached: (yes: boolean) => void;
  databaseFailed: (error: unknown) => void;
  /** An outage is on record. */
  recorded: () => void;
}

const nodeTtlMs = 6_000;
const sweepMs = 20_000;

/** Rejects when shared state cannot be reached: a node nobody can find should not start. */
export async function createMembership(deps: MembershipDeps): Promise<Membership> {
  const { nodeId, db, now, log, recorded } = deps;
  const { registry, lease } = deps.state;
  const janitor = createJanitor({ nodeId, db, registry, lease, now, log, recorded });
  const announce = () => registry.announce(signalingKind, nodeId, {}, nodeTtlMs);

  const sweep = () =>
    janitor.sweep().catch((error: unknown) => {
      deps.databaseFailed(error);
      log.warn({ err: error }, 'the janitor could not sweep');
    });

  async function keepAnnounced(): Promise<void> {
    try {
      if (!(await registry.refresh(signalingKind, nodeId, nodeTtlMs))) {
        await announce();
        deps.forgotten();
      }
      deps.reached(true);
    } catch {
      deps.reached(false);
    }
  }

  await announce();
  const unwatch = await registry.watch(signalingKind, (nodes) => {
    deps.nodesChanged(new Set(nodes.map(({ id }) => id)).add(nodeId));
    void sweep();
  });
  const timers = [
    setInterval(() => void keepAnnounced(), nodeTtlMs / 3),
    setInterval(() => void sweep(), sweepMs),
  ];

  return {
    hasOthers: async () => (await registry.list(signalingKind)).some(({ id }) => id !== nodeId),
    rest() {
      for (const timer of timers) clearInterval(timer);
    },
    async leave() {
      await unwatch();
      await registry.withdraw(signalingKind, nodeId).catch(() => undefined);
    },
  };
}
