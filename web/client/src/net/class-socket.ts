/**
 * The page's connection to one class. It owns connecting, reconnecting and the heartbeat; what the messages mean is
 * decided by whoever listens. After every (re)connect `onConnected` runs before the connection counts as online,
 * so that the class is joined again before anything else is sent.
 */
import { io, type Socket } from 'socket.io-client';
import type { Ack, ErrorCode, ProtocolError } from '@keshi/contract/errors';
import type {
  Beat,
  ClientEventName,
  Reply,
  Request,
  ServerEventName,
  ServerPayload,
} from '@keshi/contract/signaling';

/** A refusal or failure with its protocol code; the interface translates the code. */
export class ClassSocketError extends Error {
  readonly error: ProtocolError;

  constructor(error: ProtocolError) {
    super(error.code);
    this.name = 'ClassSocketError';
    this.error = error;
  }

  get code(): ErrorCode {
    return this.error.code;
  }
}

export type GoodbyeReason = ServerPayload<'goodbye'>['reason'];

export type Connection =
  | { state: 'connecting' }
  /** The class has no room at the moment, or too many come at once; the page asks again at `until`, local time [A2]. */
  | { state: 'full'; why: 'full' | 'busy'; until: number }
  | { state: 'online' }
  /** `since` is when the connection was lost, in local time: the banner counts from it. `why` is what the server said. */
  | { state: 'reconnecting'; since: number; why: GoodbyeReason | null }
  | { state: 'closed'; reason: GoodbyeReason | ErrorCode | 'left' };

export interface ClassSocketOptions {
  /** The front takes the members of a class to the same node. */
  classId: string;
  /** A fresh ticket for each connect; throws `ClassSocketError` when the class may not be entered any more. */
  ticket: () => Promise<{ ticket: string; signalingUrl: string }>;
  tab: string;
  /** Joins the class; the connection is online when it resolves. `again` is false only the first time. */
  onConnected: (again: boolean) => Promise<void>;
  onConnection: (connection: Connection) => void;
}

const ackTimeoutMs = 10_000;
const firstRetryMs = 500;
const longestRetryMs = 15_000;
const announcedSpread = 0.25;
/** So often a page is sent to the node of its class; after that to whichever has room. */
const triesWithClass = 2;
/** Whoever has heard nothing for this long asks with the next beat whether anybody is there, ms. */
const quietMs = 14_000;
/** Codes after which trying again would only be refused again. */
const finalCodes: ReadonlySet<ErrorCode> = new Set([
  'forbidden',
  'not-found',
  'banned',
  'session-replaced',
  'session-revoked',
  'unauthenticated',
  'class-ended',
  'replaced-in-class',
  'account-disabled',
]);

export function createClassSocket(options: ClassSocketOptions) {
  let connection: Connection = { state: 'connecting' };
  let socket: Socket | undefined;
  let everOnline = false;
  let attempt = 0;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let announcedRetryMs: number | null = null;
  /** What the server said when it closed a connection that is to be made again. */
  let farewell: GoodbyeReason | null = null;
  let retryAt = 0;
  /** When the server last said something, by the page's steady clock, ms. */
  let heardAt = 0;
  /** Where signaling was the last time; empty for the page's own origin, which it mostly is. */
  let signalingUrl = '';
  const listeners = new Map<ServerEventName, Set<(payload: never) => void>>();

  /** A dead Wi-Fi is noticed by the browser long before a heartbeat is missed. */
  const networkBack = () => {
    if (connection.state !== 'reconnecting') return;
    attempt = 0;
    clearTimeout(retryTimer);
    void open();
  };
  const networkGone = () => {
    if (connection.state === 'online') {
      socket?.disconnect();
      lost();
    }
  };

  function become(next: Connection) {
    connection = next;
    options.onConnection(next);
  }

  const hasClosed = () => connection.state === 'closed';

  function deliver(name: ServerEventName, payload: unknown) {
    for (const listener of listeners.get(name) ?? []) listener(payload as never);
  }

  /** Waits longer each time, never in step with the other pages that lost the same server. */
  function retryDelay(): number {
    if (announcedRetryMs !== null) {
      const announced = announcedRetryMs;
      announcedRetryMs = null;
      // Never all at the announced moment: those who were told the same would meet again.
      return announced * (1 + Math.random() * announcedSpread);
    }
    const ceiling = Math.min(longestRetryMs, firstRetryMs * 2 ** attempt);
    return ceiling / 2 + Math.random() * (ceiling / 2);
  }

  function lost() {
    if (connection.state === 'closed') return;
    if (connection.state !== 'reconnecting' && everOnline)
      become({ state: 'reconnecting', since: Date.now(), why: farewell });
    farewell = null;
    clearTimeout(retryTimer);
    const delay = retryDelay();
    retryAt = Date.now() + delay;
    retryTimer = setTimeout(() => void open(), delay);
    attempt += 1;
  }

  /** Said with the moment of the next attempt, so that nobody reloads into the crowd. */
  function waitForRoom(why: 'full' | 'busy') {
    become({ state: 'full', why, until: retryAt });
  }

  function close(reason: GoodbyeReason | ErrorCode | 'left') {
    if (connection.state === 'closed') return;
    clearTimeout(retryTimer);
    window.removeEventListener('online', networkBack);
    window.removeEventListener('offline', networkGone);
    become({ state: 'closed', reason });
    drop();
  }

  function failed(error: unknown) {
    if (error instanceof ClassSocketError && finalCodes.has(error.code)) close(error.code);
    else {
      if (error instanceof ClassSocketError && error.error.retryMs) announcedRetryMs = error.error.retryMs;
      lost();
      const code = error instanceof ClassSocketError ? error.code : null;
      if ((code === 'full' || code === 'busy') && !everOnline) waitForRoom(code);
    }
  }

  /** Lets go of a socket that has failed, once, whatever else it may still report. */
  function abandon(mine: Socket, error: unknown) {
    if (socket !== mine) return;
    drop();
    failed(error);
  }

  function drop() {
    const former = socket;
    socket = undefined;
    former?.removeAllListeners();
    former?.disconnect();
  }

  /** The ticket is asked for while the connection is made: it is needed only when the server listens. */
  async function open() {
    if (connection.state === 'closed') return;
    drop();
    const guessed = signalingUrl;
    const ticket = options.ticket();
    const mine = connect(guessed, ticket);
    // An address that is not signaling's refuses at once, mostly before the ticket says where to go instead: then
    // there is no socket at all. Any other socket belongs to a later attempt.
    const isLatest = () => socket === mine || socket === undefined;
    try {
      const entry = await ticket;
      signalingUrl = entry.signalingUrl;
      if (guessed === signalingUrl || !isLatest() || hasClosed()) return;
      clearTimeout(retryTimer);
      drop();
      connect(signalingUrl, ticket);
    } catch (error) {
      if (!isLatest()) return;
      drop();
      failed(error);
    }
  }

  function connect(url: string, ticket: ReturnType<ClassSocketOptions['ticket']>): Socket {
    const mine = io(url || window.location.origin, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      query: attempt < triesWithClass ? { class: options.classId } : {},
      auth: (send) => {
        // Without a ticket this connection is given up by whoever asked for one.
        ticket.then(
          (entry) => send({ ticket: entry.ticket, tab: options.tab, returning: everOnline }),
          () => undefined,
        );
      },
    });
    socket = mine;
    mine.on('connect', () => {
      heardAt = performance.now();
      options.onConnected(everOnline).then(
        () => {
          if (socket !== mine || connection.state === 'closed') return;
          everOnline = true;
          attempt = 0;
          become({ state: 'online' });
        },
        (error: unknown) => abandon(mine, error),
      );
    });
    mine.on('connect_error', (error: Error & { data?: ProtocolError }) =>
      abandon(mine, error.data?.code ? new ClassSocketError(error.data) : error),
    );
    mine.on('disconnect', (reason) => {
      // A disconnect asked for by this side is already being handled by whoever asked.
      if (socket === mine && reason !== 'io client disconnect') lost();
    });
    mine.onAny((name: ServerEventName, payload: unknown) => {
      heardAt = performance.now();
      if (name === 'goodbye') {
        const { reason, retryMs } = payload as ServerPayload<'goodbye'>;
        if (retryMs === null) close(reason);
        else {
          announcedRetryMs = retryMs;
          farewell = reason;
        }
      }
      deliver(name, payload);
    });
    return mine;
  }

  window.addEventListener('online', networkBack);
  window.addEventListener('offline', networkGone);

  return {
    get connection() {
      return connection;
    },
    open,
    /** Resolves with the reply or throws `ClassSocketError`; `unavailable` when no answer came in time. */
    async request<K extends ClientEventName>(name: K, payload: Request<K>): Promise<Reply<K>> {
      const via = socket;
      if (!via?.connected) throw new ClassSocketError({ code: 'unavailable' });
      let ack: Ack<Reply<K>>;
      try {
        ack = (await via.timeout(ackTimeoutMs).emitWithAck(name, payload)) as Ack<Reply<K>>;
      } catch {
        throw new ClassSocketError({ code: 'unavailable' });
      }
      if (!ack.ok) throw new ClassSocketError(ack.error);
      return ack.data;
    },
    /** In a silence it asks for an answer: a connection may be dead for minutes before the browser says so. */
    beat(beat: Beat) {
      const via = socket;
      if (connection.state !== 'online' || !via) return;
      if (performance.now() - heardAt < quietMs) {
        via.emit('beat', beat);
        return;
      }
      via
        .timeout(ackTimeoutMs)
        .emitWithAck('beat', beat)
        .then(
          () => (heardAt = performance.now()),
          () => {
            // One that was lost meanwhile is being made again already.
            if (via.connected) abandon(via, new ClassSocketError({ code: 'unavailable' }));
          },
        );
    },
    on<K extends ServerEventName>(name: K, listener: (payload: ServerPayload<K>) => void): () => void {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      set.add(listener);
      return () => void set.delete(listener);
    },
    /** Orderly: presence ends now, by our own word, and not when a timeout finds out [AT1]. */
    leave() {
      if (socket?.connected) socket.emit('leave', {}, () => undefined);
      close('left');
    },
  };
}
export type ClassSocket = ReturnType<typeof createClassSocket>;
