import type { NodeEntry, NodeRegistry } from '../ports.ts';

interface Alive {
  info: string;
  expiry: NodeJS.Timeout;
}

export function createMemoryRegistry(): NodeRegistry & { close(): void } {
  const kinds = new Map<string, Map<string, Alive>>();
  const watchers = new Map<string, Set<(nodes: NodeEntry[]) => void>>();

  function snapshot(kind: string): NodeEntry[] {
    return [...(kinds.get(kind) ?? [])]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, { info }]) => ({ id, info: JSON.parse(info) as unknown }));
  }

  function changed(kind: string): void {
    for (const fn of watchers.get(kind) ?? []) fn(snapshot(kind));
  }

  function remove(kind: string, id: string): void {
    const alive = kinds.get(kind)?.get(id);
    if (!alive) return;
    clearTimeout(alive.expiry);
    kinds.get(kind)?.delete(id);
    changed(kind);
  }

  function expireLater(kind: string, id: string, ttlMs: number): NodeJS.Timeout {
    return setTimeout(() => remove(kind, id), ttlMs).unref();
  }

  return {
    async announce(kind, id, info, ttlMs) {
      const entries = kinds.get(kind) ?? new Map<string, Alive>();
      kinds.set(kind, entries);
      const before = entries.get(id);
      clearTimeout(before?.expiry);
      const json = JSON.stringify(info);
      entries.set(id, { info: json, expiry: expireLater(kind, id, ttlMs) });
      if (before?.info !== json) changed(kind);
    },
    async refresh(kind, id, ttlMs) {
      const alive = kinds.get(kind)?.get(id);
      if (!alive) return false;
      clearTimeout(alive.expiry);
      alive.expiry = expireLater(kind, id, ttlMs);
      return true;
    },
    async withdraw(kind, id) {
      remove(kind, id);
    },
    async list(kind) {
      return snapshot(kind);
    },
    async watch(kind, fn) {
      const listeners = watchers.get(kind) ?? new Set();
      watchers.set(kind, listeners);
      // A function may be registered twice; each registration is its own.
      const listener = (nodes: NodeEntry[]) => fn(nodes);
      listeners.add(listener);
      fn(snapshot(kind));
      return async () => {
        listeners.delete(listener);
      };
    },
    close() {
      for (const entries of kinds.values()) for (const { expiry } of entries.values()) clearTimeout(expiry);
      kinds.clear();
      watchers.clear();
    },
  };
}
