/** The classes somebody on this node is in: hears their broadcasts once, and passes them on to the sockets here. */
import type { ClassRole } from '@keshi/contract/domain';
import type { ClassEvent } from '@keshi/contract/signaling';
import type { Logger } from '@keshi/runtime/log';
import type { ClassBus, Unsubscribe } from '@keshi/runtime/state/ports';
import type { Connection, Connections } from './connections.ts';
import { asSeenBy, hears } from './coordinator/coordinator.ts';
import { broadcast, classChannel, type Broadcast, type LiveTime } from './coordinator/messages.ts';
import type { RoomEvent } from './coordinator/turn.ts';
import { fanOut } from './fan-out.ts';

const roles: readonly ClassRole[] = ['host', 'observer', 'attendee'];

export interface LocalClass {
  readonly classId: string;
  live: LiveTime;
  /** The last number this node has passed on; null until the first snapshot. */
  seq: number | null;
  recent: RoomEvent[];
  /** Somebody watches the class's board. */
  watched: boolean;
  /** Those of this node who are in it. */
  readonly members: Readonly<Record<ClassRole, Set<Connection>>>;
}

export interface LocalClasses {
  /** Resolves when broadcasts from now on will be heard. Every `hold` needs a `release`. */
  hold(classId: string): Promise<LocalClass>;
  release(classId: string): void;
  /** From now on it hears what happens; what it holds stays held until it leaves. */
  enter(connection: Connection): void;
  leave(connection: Connection): void;
  get(classId: string): LocalClass | null;
  /** What a connection that was given a snapshot at `seq` has not heard yet. */
  heardSince(classId: string, connection: Connection, seq: number): ClassEvent[];
  deliver(classId: string, message: Broadcast): void;
  /** Asks the coordinator for what this node has not heard. */
  catchUp(classId: string): Promise<void>;
  readonly size: number;
  close(): Promise<void>;
}

export interface LocalClassesDeps {
  bus: ClassBus;
  connections: Connections;
  log: Logger;
  /** Events this node did not hear, from the coordinator. */
  fetchMissed: (classId: string, seq: number) => Promise<RoomEvent[]>;
  /** After the sockets were told: presence and the chip follow. */
  onEvents: (local: LocalClass, events: readonly RoomEvent[]) => void;
  onMessage: (local: LocalClass, message: Exclude<Broadcast, { kind: 'frame' | 'news' }>) => void;
}

const recentKept = 300;

interface Entry {
  local: LocalClass;
  holders: number;
  subscription: Promise<Unsubscribe>;
  /** Frames that wait while missed events are fetched. */
  catchingUp: Promise<void> | null;
}

export function createLocalClasses(deps: LocalClassesDeps): LocalClasses {
  const { bus, connections, log } = deps;
  const entries = new Map<string, Entry>();

  function open(classId: string): Entry {
    const local: LocalClass = {
      classId,
      live: { spans: [], endedAt: null },
      seq: null,
      recent: [],
      watched: false,
      members: { host: new Set(), observer: new Set(), attendee: new Set() },
    };
    const subscription = bus.subscribe(
      classChannel(classId),
      (message) => {
        const parsed = broadcast.safeParse(message);
        if (parsed.success) deliver(classId, parsed.data);
        else
          log.error({ classId, issues: parsed.error.issues.slice(0, 3) }, 'a broadcast that cannot be read');
      },
      { onGap: () => void catchUp(classId) },
    );
    const entry: Entry = { local, holders: 0, subscription, catchingUp: null };
    entries.set(classId, entry);
    return entry;
  }

  function deliver(classId: string, message: Broadcast): void {
    const entry = entries.get(classId);
    if (!entry) return;
    const { local } = entry;
    if (message.kind === 'news') {
      const { name, payload } = message.news;
      for (const role of message.roles) fanOut(local.members[role], name, payload);
      return;
    }
    if (message.kind !== 'frame') return deps.onMessage(local, message);
    if (local.seq !== null && message.after > local.seq) {
      void catchUp(classId);
      return;
    }
    if (message.live) local.live = message.live;
    pass(local, message.events);
  }

  /** What was heard already, from the bus or by catching up, is passed over. */
  function pass(local: LocalClass, events: readonly RoomEvent[]): void {
    const fresh = events.filter(({ seq }) => local.seq === null || seq > local.seq);
    const last = fresh.at(-1);
    if (!last) return;
    local.seq = last.seq;
    local.recent = [...local.recent, ...fresh].slice(-recentKept);
    emit(local, fresh);
    deps.onEvents(local, fresh);
  }

  /** One frame per role; those whom something concerns alone get theirs whole and in order. */
  function emit({ classId, members }: LocalClass, events: readonly RoomEvent[]): void {
    const named = new Set(events.map(({ audience }) => audience));
    const singled = [...named]
      .map((audience) => connections.find(classId, audience))
      .filter((connection) => connection?.person.role === 'attendee')
      .filter((connection) => connection !== null);
    for (const role of roles) {
      const frame = events.filter(({ audience }) => hears(audience, role, '')).map((e) => asSeenBy(e, role));
      if (frame.length === 0) continue;
      const others = role === 'attendee' && singled.length > 0 ? new Set(members[role]) : members[role];
      if (role === 'attendee') for (const connection of singled) others.delete(connection);
      fanOut(others, 'events', { events: frame });
    }
    for (const connection of singled) {
      if (connection.stage !== 'joined') continue;
      const frame = visibleTo(connection, events);
      if (frame.length > 0) connection.socket.emit('events', { events: frame });
    }
  }

  async function catchUp(classId: string): Promise<void> {
    const entry = entries.get(classId);
    if (!entry || entry.catchingUp) return;
    const from = entry.local.seq;
    if (from === null) return;
    entry.catchingUp = deps
      .fetchMissed(classId, from)
      .then(
        (events) => pass(entry.local, events),
        (error: unknown) => log.warn({ err: error, classId }, 'missed events could not be fetched'),
      )
      .finally(() => (entry.catchingUp = null));
    await entry.catchingUp;
  }

  function release(classId: string): void {
    const entry = entries.get(classId);
    if (!entry || --entry.holders > 0) return;
    entries.delete(classId);
    entry.subscription
      .then(
        (unsubscribe) => unsubscribe(),
        () => undefined,
      )
      .catch((error: unknown) => log.warn({ err: error, classId }, 'could not unsubscribe'));
  }

  return {
    async hold(classId) {
      const entry = entries.get(classId) ?? open(classId);
      entry.holders += 1;
      await entry.subscription;
      return entry.local;
    },
    release,
    enter(connection) {
      entries.get(connection.classId)?.local.members[connection.person.role].add(connection);
    },
    leave(connection) {
      entries.get(connection.classId)?.local.members[connection.person.role].delete(connection);
      release(connection.classId);
    },
    get: (classId) => entries.get(classId)?.local ?? null,
    heardSince(classId, connection, seq) {
      const recent = entries.get(classId)?.local.recent ?? [];
      return visibleTo(
        connection,
        recent.filter((event) => event.seq > seq),
      );
    },
    deliver,
    catchUp,
    get size() {
      return entries.size;
    },
    async close() {
      const open = [...entries.values()];
      entries.clear();
      await Promise.all(open.map(async ({ subscription }) => (await subscription)()));
    },
  };
}

function visibleTo({ person }: Connection, events: readonly RoomEvent[]): ClassEvent[] {
  return events
    .filter(({ audience }) => hears(audience, person.role, person.userId))
    .map((event) => asSeenBy(event, person.role));
}
