/**
 * The one place every message of a page passes through: its shape, its rate, its sender's role. What is refused here has
 * changed nothing. Errors are mapped to acknowledgements here and nowhere else.
 */
import { setImmediate } from 'node:timers/promises';
import type { Ack } from '@keshi/contract/errors';
import {
  beat as beatSchema,
  clientEvents,
  type Beat,
  type ClientEventName,
  type Reply,
  type Request,
} from '@keshi/contract/signaling';
import { AppError, toProtocolError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { z } from 'zod';
import type { Connection } from './connections.ts';
import { mayUse } from './permissions.ts';
import type { ConnectionLimits } from './rate-limits.ts';

/** One handler per event; its request is parsed and its sender may use it. */
export type PageHandlers = {
  [K in ClientEventName]: (connection: Connection, request: Request<K>) => Promise<Reply<K>>;
};

export interface EdgeDeps {
  handlers: PageHandlers;
  onBeat: (connection: Connection, beat: Beat) => void;
  /**
   * Something a person did was accepted: a proof of presence at the moment it arrived [AT1]. When the answer was ready
   * the person may have been gone for seconds.
   */
  accepted: (connection: Connection, at: number) => void;
  limits: ConnectionLimits;
  now: () => number;
  log: Logger;
  count: (event: string, outcome: string) => void;
}

type Answer = (ack: Ack<unknown>) => void;

/** So many refusals within ten seconds are no accident any more. */
const floodRefusals = 300;
const floodWindowMs = 10_000;

export function createEdge(deps: EdgeDeps): { attach(connection: Connection): void } {
  const { limits, now, count } = deps;

  async function answerTo(connection: Connection, name: string, payload: unknown): Promise<unknown> {
    const known = isEventName(name);
    takeRate(connection, known ? name : null);
    if (!known) throw new AppError('unknown-event');
    if (!mayUse(connection.person.role, name)) throw new AppError('forbidden');
    const isAtTheDoor = name === 'join' || name === 'leave';
    // A quick page has read that it is in and asks on, before this process, busy with a crowd, has come round to
    // letting it in: that was put off until then before the page was answered, so it is done after this.
    if (connection.stage === 'joining' && !isAtTheDoor) await setImmediate();
    if (connection.stage !== 'joined' && !isAtTheDoor) throw new AppError('not-joined');
    if (connection.stage === 'joining' && name === 'join') throw new AppError('conflict');
    return call(connection, name, payload);
  }

  async function call<K extends ClientEventName>(
    connection: Connection,
    name: K,
    payload: unknown,
  ): Promise<Reply<K>> {
    const parsed = clientEvents[name].request.safeParse(payload);
    if (!parsed.success) throw new AppError('invalid-input', { fields: wrongFields(parsed.error) });
    return deps.handlers[name](connection, parsed.data as Request<K>);
  }

  function takeRate(connection: Connection, name: ClientEventName | null): void {
    const verdict = limits.take(connection.id, name, now());
    if (verdict.allowed) return;
    const before = connection.refusals;
    const isFresh = before !== null && now() - before.since <= floodWindowMs;
    const refusals = isFresh ? { ...before, count: before.count + 1 } : { since: now(), count: 1 };
    connection.refusals = refusals;
    if (refusals.count > floodRefusals) {
      deps.log.warn({ connectionId: connection.id }, 'closing a connection that floods');
      connection.socket.disconnect(true);
    }
    throw new AppError('rate-limited', { retryMs: verdict.retryMs });
  }

  async function handle(connection: Connection, name: string, args: unknown[]): Promise<void> {
    const last = args.at(-1);
    const answer = isAnswer(last) ? last : null;
    const payload = args[0] === answer ? undefined : args[0];
    const at = now();
    try {
      const data = await answerTo(connection, name, payload);
      count(name, 'ok');
      deps.accepted(connection, at);
      answer?.({ ok: true, data });
    } catch (error) {
      const refused = toProtocolError(error, deps.log);
      count(isEventName(name) ? name : 'unknown', refused.code);
      answer?.({ ok: false, error: refused });
    }
  }

  /** Answered only where it is asked for, which a load does of one in a hundred: an answer costs as much as the beat. */
  function handleBeat(connection: Connection, [payload, answer]: unknown[]): void {
    const parsed = beatSchema.safeParse(payload);
    if (!parsed.success || connection.stage !== 'joined') return count('beat', 'invalid-input');
    if (!limits.take(connection.id, null, now()).allowed) return count('beat', 'rate-limited');
    count('beat', 'ok');
    deps.onBeat(connection, parsed.data);
    if (isAnswer(answer)) answer({ ok: true, data: {} });
  }

  return {
    attach(connection) {
      connection.socket.onAny((name: string, ...args: unknown[]) => {
        if (connection.stage === 'gone') return;
        if (name === 'beat') handleBeat(connection, args);
        else void handle(connection, name, args);
      });
    },
  };
}

function isEventName(name: string): name is ClientEventName {
  return Object.hasOwn(clientEvents, name);
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'function';
}

/** Paths only: a value may be personal. */
function wrongFields(error: z.ZodError): string[] {
  const paths = error.issues.map(({ path }) => path.map(String).join('.'));
  return [...new Set(paths)].slice(0, 10);
}
