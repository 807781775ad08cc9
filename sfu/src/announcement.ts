/** Keeps a node's entry in the registry alive and true, until it is withdrawn. */
import { sfuNodeKind, type SfuNodeInfo } from '@keshi/contract/sfu';
import type { Logger } from '@keshi/runtime/log';
import type { NodeRegistry } from '@keshi/runtime/state/ports';

export interface AnnouncementOptions {
  registry: NodeRegistry;
  /** Names one life of this process. */
  nodeId: string;
  info: () => SfuNodeInfo;
  log: Logger;
}

export interface Announcement {
  /** Says at once what has changed. */
  update(): Promise<void>;
  /** Idempotent. */
  withdraw(): Promise<void>;
}

const everyMs = 1_000;
const ttlMs = 5_000;

/** Rejects when the first announcement fails: a node nobody can find should not start. Later failures are retried. */
export async function announce({ registry, nodeId, info, log }: AnnouncementOptions): Promise<Announcement> {
  let announced = '';
  let failing = false;
  let withdrawn = false;

  async function update(): Promise<void> {
    if (withdrawn) return;
    const now = info();
    const text = JSON.stringify(now);
    if (text === announced && (await registry.refresh(sfuNodeKind, nodeId, ttlMs))) return;
    await registry.announce(sfuNodeKind, nodeId, now, ttlMs);
    announced = text;
  }

  await update();
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(update).then(
      () => {
        if (failing) log.info('registry reached again');
        failing = false;
      },
      (error: unknown) => {
        if (!failing) log.warn({ err: error }, 'registry not reached');
        failing = true;
      },
    );
  }, everyMs);

  return {
    update,
    async withdraw() {
      if (withdrawn) return;
      withdrawn = true;
      clearInterval(timer);
      await running;
      await registry.withdraw(sfuNodeKind, nodeId);
    },
  };
}
