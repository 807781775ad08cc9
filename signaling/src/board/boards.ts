/** The boards of the classes this node coordinates, and this node's share of facts for boards elsewhere. */
import type { ClassRole } from '@keshi/contract/domain';
import { serverEvents, type ServerPayload } from '@keshi/contract/signaling';
import { loadAttendanceFacts } from '@keshi/db/attendance-facts';
import type { Db } from '@keshi/db/client';
import { maskName } from '@keshi/db/crypto';
import { nobodyCounted } from '@keshi/rules/board-tally';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { ClassBus, Unsubscribe } from '@keshi/runtime/state/ports';
import { z } from 'zod';
import type { Connection } from '../connections.ts';
import type { Coordinators } from '../coordinator/coordinators.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import { presenceFact, type PresenceFact } from '../presence/facts.ts';
import { createBoard, type Board, type BoardView } from './board.ts';

export type BoardPayload = ServerPayload<'board'>;
/** Observers read masked names, so they are in another room than the host. */
export const boardRoom = (classId: string, role: ClassRole) => `${classId}:board:${role}`;
const factsChannel = (classId: string) => `facts:${classId}`;

/** `nodeId`: where the watcher is connected. */
interface WatchRequest {
  connectionId: string;
  role: ClassRole;
  nodeId: string;
  watch: boolean;
}

type Watcher = Pick<WatchRequest, 'role' | 'nodeId'>;

interface Watched {
  board: Board;
  /** By connection. */
  watchers: Map<string, Watcher>;
  /** Names by what they are sealed as. */
  unsealed: Map<string, string>;
  unsubscribe: Unsubscribe;
  toldAt: number;
  loadedAt: number;
  loading: boolean;
  /** It is to be read however lately it was. */
  stale: boolean;
}

export interface Boards {
  /** On the coordinator's node. */
  watch(coordinator: Coordinator, request: WatchRequest): Promise<BoardPayload>;
  /** On the watcher's node: asks the class's coordinator. */
  ask(connection: Connection, watch: boolean): Promise<BoardPayload>;
  unwatch(connection: Connection): void;
  /** The class has a new coordinator: those here who watch are made known to it. */
  rewatch(classId: string, connections: readonly Connection[]): Promise<void>;
  /** Facts that leave this node now. */
  publish(batch: readonly PresenceFact[]): void;
  /** What is stored of this class has changed in a way that no fact tells: it is read with the next tick. */
  reread(classId: string): void;
  /** As `reread`, for every class: what is stored of an outage concerns all who were there. */
  rereadAll(): void;
  tick(): Promise<void>;
  close(): Promise<void>;
}

export interface BoardsDeps {
  nodeId: string;
  db: Db;
  bus: ClassBus;
  now: () => number;
  log: Logger;
  coordinators: Coordinators;
  isWatched: (classId: string) => boolean;
  tell: (classId: string, role: ClassRole, board: BoardPayload, whom: 'here' | 'everywhere') => void;
}

/** Reading and unsealing everything takes longer the larger the class is, and seldom says anything new. */
const shortestReloadMs = 10_000;
const reloadMsPerLearner = 100;
const longestReloadMs = 300_000;
const reloadMs = ({ board }: Watched) =>
  Math.min(longestReloadMs, Math.max(shortestReloadMs, board.learners * reloadMsPerLearner));
/** In one tick, whose boards were not read for the longest time first. */
const mostReloads = 8;
/** Who watches hears the totals at least this often, so that silence means a lost connection and nothing else. */
const quietMs = 2_000;
const batchOf = z.array(presenceFact);
const boardReply = serverEvents.board;

export function createBoards(deps: BoardsDeps): Boards {
  const { nodeId, db, bus, now, log, coordinators } = deps;
  const watched = new Map<string, Watched>();
  const opening = new Map<string, Promise<Watched>>();
  /** Connections of this node that watch. */
  const watching = new Set<string>();

  async function open(coordinator: Coordinator): Promise<Watched> {
    const classId = coordinator.room.id;
    let board: Board | null = null;
    const early: PresenceFact[][] = [];
    const unsubscribe = await bus.subscribe(
      factsChannel(classId),
      (message) => {
        const batch = batchOf.safeParse(message);
        if (!batch.success) return;
        if (board) board.apply(batch.data);
        else early.push(batch.data);
      },
      { onGap: () => reread(classId) },
    );
    coordinator.watchFacts(true);
    const unsealed = new Map<string, string>();
    const facts = await loadAttendanceFacts(db, classId, unsealed);
    if (!facts) {
      await unsubscribe();
      throw new AppError('not-found');
    }
    board = createBoard(facts, coordinator.checks);
    for (const batch of early) board.apply(batch);
    const entry: Watched = {
      board,
      watchers: new Map(),
      unsealed,
      unsubscribe,
      toldAt: now(),
      loadedAt: now(),
      loading: false,
      stale: false,
    };
    watched.set(classId, entry);
    return entry;
  }

  async function ensure(coordinator: Coordinator): Promise<Watched> {
    const classId = coordinator.room.id;
    const known = watched.get(classId);
    if (known) return known;
    const attempt = opening.get(classId) ?? open(coordinator).finally(() => opening.delete(classId));
    opening.set(classId, attempt);
    return attempt;
  }

  async function drop(classId: string): Promise<void> {
    const entry = watched.get(classId);
    if (!entry) return;
    watched.delete(classId);
    coordinators.here(classId)?.watchFacts(false);
    await entry
      .unsubscribe()
      .catch((error: unknown) => log.debug({ err: error, classId }, 'could not unsubscribe'));
  }

  function reread(classId: string): void {
    const entry = watched.get(classId);
    // Also after a reading that is under way, which may have begun before the change.
    if (entry) entry.stale = true;
  }

  const isDue = (entry: Watched) =>
    !entry.loading && (entry.stale || now() - entry.loadedAt >= reloadMs(entry));

  /** What is stored corrects what was heard: facts of nodes that died, outages, names. */
  function reload(classId: string, entry: Watched): void {
    entry.loading = true;
    entry.stale = false;
    loadAttendanceFacts(db, classId, entry.unsealed)
      .then((facts) => {
        if (facts) entry.board.load(facts);
        entry.loadedAt = now();
      })
      .catch((error: unknown) => log.debug({ err: error, classId }, 'the board goes on without the database'))
      .finally(() => (entry.loading = false));
  }

  async function ask(connection: Connection, watch: boolean): Promise<BoardPayload> {
    const { classId, id: connectionId, person } = connection;
    const request = { kind: 'board', watch, role: person.role, connectionId, nodeId } as const;
    return coordinators.ask(classId, request, (reply) => boardReply.parse(reply));
  }

  return {
    async watch(coordinator, { watch, connectionId, ...watcher }) {
      const { room } = coordinator;
      if (!watch) {
        const entry = watched.get(room.id);
        entry?.watchers.delete(connectionId);
        if (entry?.watchers.size === 0) await drop(room.id);
        return { totals: emptyTotals(room.state, now()), rows: [] };
      }
      const entry = await ensure(coordinator);
      entry.watchers.set(connectionId, watcher);
      return seenBy(watcher.role, entry.board.full(room, now()));
    },
    async ask(connection, watch) {
      const room = boardRoom(connection.classId, connection.person.role);
      // Joined before asking: a change that follows the answer is not missed.
      if (watch) {
        await connection.socket.join(room);
        watching.add(connection.id);
      } else {
        await connection.socket.leave(room);
        watching.delete(connection.id);
      }
      return ask(connection, watch);
    },
    unwatch(connection) {
      if (!watching.delete(connection.id)) return;
      ask(connection, false).catch(() => undefined);
    },
    async rewatch(_classId, connections) {
      for (const connection of connections) if (watching.has(connection.id)) await ask(connection, true);
    },
    publish(batch) {
      const byClass = Map.groupBy(batch, (fact) =>
        'visit' in fact ? fact.visit.classId : fact.interval.classId,
      );
      for (const [classId, facts] of byClass) {
        // The members of a class are mostly where its board is.
        const here = watched.get(classId);
        if (here) here.board.apply(facts);
        else if (deps.isWatched(classId)) bus.publish(factsChannel(classId), facts).catch(() => undefined);
      }
    },
    reread,
    rereadAll() {
      for (const entry of watched.values()) entry.stale = true;
    },
    async tick() {
      const due = [...watched].filter(([, entry]) => isDue(entry));
      due.sort(([, one], [, other]) => one.loadedAt - other.loadedAt);
      for (const [classId, entry] of due.slice(0, mostReloads)) reload(classId, entry);
      for (const [classId, entry] of [...watched]) {
        const coordinator = coordinators.here(classId);
        if (!coordinator) {
          await drop(classId);
          continue;
        }
        const isDue = now() - entry.toldAt >= quietMs;
        const news = entry.board.delta(coordinator.room, now(), isDue);
        if (!news) continue;
        entry.toldAt = now();
        const byRole = Map.groupBy(entry.watchers.values(), ({ role }) => role);
        for (const [role, watchers] of byRole) {
          // Members of a class are mostly where its board is: then no other node need hear of it.
          const areHere = watchers.every((watcher) => watcher.nodeId === nodeId);
          deps.tell(classId, role, seenBy(role, news), areHere ? 'here' : 'everywhere');
        }
      }
    },
    async close() {
      for (const classId of [...watched.keys()]) await drop(classId);
    },
  };
}

function seenBy(role: ClassRole, view: BoardView): BoardPayload {
  if (role === 'host') return view;
  return { totals: view.totals, rows: view.rows.map((row) => ({ ...row, name: maskName(row.name) })) };
}

function emptyTotals(state: BoardPayload['totals']['state'], at: number): BoardPayload['totals'] {
  return {
    at,
    state,
    startedAt: null,
    endedAt: null,
    liveMs: 0,
    ...nobodyCounted,
    minimumRate: 0,
  };
}
