/** A real node (or two) with a real database, and pages that talk to it as browsers do. */
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { ClassRole } from '@keshi/contract/domain';
import type { Ack, ErrorCode } from '@keshi/contract/errors';
import {
  clientEvents,
  serverEvents,
  type ClassEvent,
  type ClientEventName,
  type Reply,
  type Request,
  type ServerEventName,
  type ServerPayload,
} from '@keshi/contract/signaling';
import { scheduleClass } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { createCourse } from '@keshi/db/courses';
import { createGroup, enrol } from '@keshi/db/groups';
import { createOrganization } from '@keshi/db/organizations';
import { testDatabase, type TestDatabase } from '@keshi/db/testing/database';
import { createUser } from '@keshi/db/users';
import { createHealth } from '@keshi/runtime/health';
import { createLogger } from '@keshi/runtime/log';
import { createMetrics } from '@keshi/runtime/metrics';
import type { State } from '@keshi/runtime/state/ports';
import { createState } from '@keshi/runtime/state/state';
import { io, type Socket } from 'socket.io-client';
import { vi } from 'vitest';
import { noMediaNodes, type MediaNodes } from '../src/media/nodes.ts';
import { createConnectionLimits } from '../src/rate-limits.ts';
import { createSignaling, type Signaling } from '../src/service.ts';
import type { Turnstile } from '../src/turnstile.ts';

export const tokenSecret = 'a secret that is long enough for tests';
export const log = createLogger({
  name: 'test',
  level: process.env.TEST_LOG ? 'debug' : 'fatal',
  format: 'readable',
  out: process.stderr,
});

export interface Person {
  id: string;
  sid: string;
  name: string;
  role: ClassRole;
}

export interface World {
  database: TestDatabase;
  db: Db;
  classId: string;
  groupId: string;
  host: Person;
  observer: Person;
  learners: Person[];
  /** Another class of the same group, for ids that belong elsewhere. */
  schedule(title: string): Promise<string>;
  close(): Promise<void>;
}

/** An institution with one instructor, one supervisor, some learners and one scheduled class. */
export async function createWorld(
  learners = 3,
  policy: Record<string, number> = {},
  given?: TestDatabase,
): Promise<World> {
  const database = given ?? (await testDatabase());
  const { db } = database;
  const org = await createOrganization(db, { parentId: null, kind: 'institution', name: '市职业培训学院' });
  const person = async (name: string, role: 'learner' | 'instructor' | 'staff', as: ClassRole) => {
    const { id } = await createUser(db, {
      orgId: org.id,
      login: `u${randomUUID()}`,
      passwordHash: 'none',
      name,
      memberships: [{ orgId: org.id, role }],
    });
    return { id, sid: randomUUID(), name, role: as };
  };
  const host = await person('李老师', 'instructor', 'host');
  const observer = await person('王督导', 'staff', 'observer');
  const people: Person[] = [];
  for (let n = 1; n <= learners; n += 1) people.push(await person(`学员${n}号`, 'learner', 'attendee'));
  const course = await createCourse(db, { orgId: org.id, title: '电工基础', policy });
  const group = await createGroup(db, { courseId: course.id, name: '一班' });
  await enrol(db, { groupId: group.id, userIds: people.map(({ id }) => id) });
  const schedule = async (title: string) => {
    const start = Date.now();
    const row = await scheduleClass(db, {
      groupId: group.id,
      title,
      instructorId: host.id,
      scheduledStart: start,
      scheduledEnd: start + 3_600_000,
    });
    return row.id;
  };
  return {
    database,
    db,
    classId: await schedule('第一课'),
    groupId: group.id,
    host,
    observer,
    learners: people,
    schedule,
    close: () => database.close(),
  };
}

/** The time of a node: the system's, or from `stoppedAt` on only what a test adds. */
export interface TestClock {
  offset: number;
  /** For tests to the second, however slow the machine is. */
  stoppedAt: number | null;
}

export interface Node {
  url: string;
  http: Server;
  state: State;
  signaling: Signaling;
  clock: TestClock;
  close(): Promise<void>;
}

export async function startNode(
  db: Db,
  options: {
    redisUrl?: string | null;
    media?: MediaNodes;
    nodeId?: string;
    state?: State;
    limits?: number;
    hlsViewers?: number;
    turnstile?: Turnstile;
    mostConnections?: number;
    turn?: { urls: string[]; secret: string } | null;
    /** Shared by nodes that follow each other. */
    clock?: TestClock;
  } = {},
): Promise<Node> {
  const redisUrl = options.redisUrl ?? null;
  const state = options.state ?? (await createState({ redisUrl }, log));
  const http = createServer();
  const { clock = { offset: 0, stoppedAt: null } } = options;
  const signaling = await createSignaling({
    http,
    config: {
      tokenSecret,
      redisUrl,
      turn: options.turn ?? null,
      trustProxy: 0,
      signaling: { region: null, hlsViewers: options.hlsViewers ?? 100 },
    },
    state,
    db,
    media: options.media ?? noMediaNodes(),
    log,
    metrics: createMetrics({ service: 'test' }),
    health: createHealth(log),
    clock: () => (clock.stoppedAt ?? Date.now()) + clock.offset,
    limits: createConnectionLimits({ scale: options.limits ?? 1_000 }),
    ...(options.nodeId ? { nodeId: options.nodeId } : {}),
    ...(options.turnstile ? { turnstile: options.turnstile } : {}),
    ...(options.mostConnections === undefined ? {} : { mostConnections: options.mostConnections }),
  });
  http.on('request', (request, response) => {
    signaling.handle(request, response).then(
      (handled) => handled || response.writeHead(404).end(),
      () => response.destroy(),
    );
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    http,
    state,
    signaling,
    clock,
    async close() {
      await signaling.close();
      http.closeAllConnections();
      http.close();
      await state.close();
    },
  };
}

export function sign(
  claims: object,
  secret = tokenSecret,
  header: object = { alg: 'HS256', typ: 'JWT' },
): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part(header)}.${part(claims)}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

export function ticketFor(person: Person, classId: string, changes: object = {}): string {
  const exp = Math.floor(Date.now() / 1000) + 120;
  const { id: sub, sid, role, name } = person;
  return sign({ kind: 'ticket', sub, sid, classId, role, name, exp, ...changes });
}

export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly retryMs: number | undefined;
  readonly fields: string[] | undefined;
  constructor(error: { code: ErrorCode; retryMs?: number; fields?: string[] }) {
    super(error.code);
    this.code = error.code;
    this.retryMs = error.retryMs;
    this.fields = error.fields;
  }
}

export interface Page {
  socket: Socket;
  /** Class events in the order they came, every one checked against the contract. */
  events: ClassEvent[];
  /** All that came, as it came. */
  raw: { name: string; payload: unknown }[];
  send<K extends ClientEventName>(name: K, request: Request<K>): Promise<Reply<K>>;
  /** Any name, any payload. */
  sendRaw(name: string, payload: unknown): Promise<Ack<unknown>>;
  /** Resolves when the node has taken it in: what is refused proves nothing, and it comes in order. */
  beat(visible?: boolean): Promise<void>;
  join(changes?: Partial<Request<'join'>>): Promise<Reply<'join'>>;
  /** All messages of that name so far. */
  heard<K extends ServerEventName>(name: K): ServerPayload<K>[];
  /** Waits until a class event of that type has come. */
  event<T extends ClassEvent['type']>(
    type: T,
    where?: (event: Extract<ClassEvent, { type: T }>) => boolean,
  ): Promise<Extract<ClassEvent, { type: T }>>;
  message<K extends ServerEventName>(
    name: K,
    where?: (payload: ServerPayload<K>) => boolean,
  ): Promise<ServerPayload<K>>;
  close(): void;
}

export const joinRequest: Request<'join'> = {
  rtpCapabilities: null,
  resume: false,
  mediaNode: null,
  audioOnly: false,
  lastSeq: null,
  visible: true,
  device: 'desktop',
};

const open = new Set<Socket>();
export function closePages(): void {
  for (const socket of open) socket.close();
  open.clear();
}

/** Connects. Rejects with Refusal when the door is closed. */
export async function openPage(url: string, ticket: string, tab = 'tab', returning = false): Promise<Page> {
  const socket = io(url, {
    transports: ['websocket'],
    auth: { ticket, tab, returning },
    reconnection: false,
    forceNew: true,
  });
  open.add(socket);
  const events: ClassEvent[] = [];
  const raw: Page['raw'] = [];
  const seen = new Map<string, unknown[]>();
  socket.onAny((name: string, payload: unknown) => {
    raw.push({ name, payload });
    const schema = serverEvents[name as ServerEventName];
    const parsed = schema.parse(payload);
    seen.set(name, [...(seen.get(name) ?? []), parsed]);
    if (name === 'events') events.push(...(parsed as ServerPayload<'events'>).events);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('connect_error', (error: Error & { data?: { code: ErrorCode; retryMs?: number } }) => {
      socket.close();
      reject(error.data ? new Refusal(error.data) : error);
    });
  });

  const sendRaw = (name: string, payload: unknown): Promise<Ack<unknown>> =>
    socket.timeout(20_000).emitWithAck(name, payload);
  const page: Page = {
    socket,
    events,
    raw,
    sendRaw,
    async send(name, request) {
      const ack = await sendRaw(name, request);
      if (!ack.ok) throw new Refusal(ack.error);
      return clientEvents[name].reply.parse(ack.data) as Reply<typeof name>;
    },
    async beat(visible = true) {
      socket.emit('beat', { visible, rttMs: 12 });
      await sendRaw('nothing', {});
    },
    async join(changes = {}) {
      return page.send('join', { ...joinRequest, ...changes });
    },
    heard: (name) => (seen.get(name) ?? []) as never,
    event: (type, where = () => true) =>
      vi.waitFor(
        () => {
          const found = events.find((event) => event.type === type && where(event as never));
          if (!found) throw new Error(`no ${type} yet`);
          return found as never;
        },
        { timeout: 10_000, interval: 10 },
      ),
    message: (name, where = () => true) =>
      vi.waitFor(
        () => {
          const found = (seen.get(name) ?? []).find((payload) => where(payload as never));
          if (!found) throw new Error(`no ${name} yet`);
          return found as never;
        },
        { timeout: 10_000, interval: 10 },
      ),
    close: () => void socket.close(),
  };
  return page;
}

/** Connects and joins. */
export async function enter(
  node: Pick<Node, 'url'>,
  person: Person,
  classId: string,
  changes: Partial<Request<'join'>> = {},
): Promise<Page> {
  const page = await openPage(node.url, ticketFor(person, classId));
  await page.join(changes);
  return page;
}

export async function codeOf(work: Promise<unknown>): Promise<ErrorCode | 'ok'> {
  try {
    await work;
    return 'ok';
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}
