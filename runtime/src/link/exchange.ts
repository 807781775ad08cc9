import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { fromRemoteError, remoteError, toRemoteError } from '../remote-error.ts';
import { type Link, type LinkContract, LinkError } from './link.ts';

const frame = z.discriminatedUnion('t', [
  z.object({ t: z.literal('request'), i: z.int(), m: z.string(), p: z.unknown() }),
  z.object({ t: z.literal('result'), i: z.int(), r: z.unknown() }),
  z.object({ t: z.literal('error'), i: z.int(), e: remoteError }),
  z.object({ t: z.literal('event'), n: z.string(), p: z.unknown() }),
]);
type Frame = z.infer<typeof frame>;

/** One connection's way out. False when it is gone. */
export interface Wire {
  send(text: string): boolean;
}

interface Pending {
  method: string;
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

type Handler = (params: never) => unknown;
type Listener = (payload: never) => void;

/**
 * The conversation, whatever carries it: matches answers to requests, parses all that comes in, keeps handlers and
 * listeners while connections come and go.
 */
export interface Exchange<C extends LinkContract> extends Pick<
  Link<C>,
  'request' | 'handle' | 'emit' | 'on'
> {
  attach(wire: Wire): void;
  /** Everything in flight rejects as `down`; running handlers finish, their answers go nowhere. */
  detach(): void;
  /** False when the text is not a frame: whoever carries it should end the connection. */
  receive(wire: Wire, text: string): boolean;
}

export function createExchange<C extends LinkContract>({
  contract,
  log,
  maxMessageBytes,
}: {
  contract: C;
  log: Logger;
  maxMessageBytes: number;
}): Exchange<C> {
  const handlers = new Map<string, Handler>();
  const listeners = new Map<string, Set<Listener>>();
  const pending = new Map<number, Pending>();
  let current: Wire | null = null;
  let lastId = 0;

  function encode(what: string, message: Frame): string {
    const text = JSON.stringify(message);
    if (Buffer.byteLength(text) > maxMessageBytes) throw new LinkError('too-large', what);
    return text;
  }

  async function answer(wire: Wire, id: number, method: string, params: unknown): Promise<void> {
    let reply: string;
    try {
      reply = encode(method, { t: 'result', i: id, r: (await carryOut(method, params)) ?? null });
    } catch (error) {
      const crossing =
        error instanceof LinkError ? new AppError('too-large', { message: error.message }) : error;
      reply = encode(method, { t: 'error', i: id, e: toRemoteError(crossing, log) });
    }
    // To the connection it came from or to none: another connection has its own numbers.
    wire.send(reply);
  }

  function carryOut(method: string, raw: unknown): unknown {
    const schema = Object.hasOwn(contract.requests, method) ? contract.requests[method] : undefined;
    const handler = handlers.get(method);
    if (!schema || !handler)
      throw new AppError('unknown-event', { message: `${method} is not handled here` });
    return handler(
      parseOr(schema.params, raw, (cause) => {
        return new AppError('invalid-input', { message: `${method}: wrong parameters`, cause });
      }) as never,
    );
  }

  function settle(message: Extract<Frame, { t: 'result' | 'error' }>): void {
    const waiting = pending.get(message.i);
    if (!waiting) return; // It timed out here; the answer comes too late to matter.
    if (message.t === 'error') {
      waiting.reject(fromRemoteError(message.e));
      return;
    }
    try {
      waiting.resolve(contract.requests[waiting.method]?.result.parse(message.r));
    } catch (error) {
      waiting.reject(new LinkError('garbage', waiting.method, error));
    }
  }

  function hear(name: string, raw: unknown): void {
    const schema = Object.hasOwn(contract.events, name) ? contract.events[name] : undefined;
    if (!schema) {
      log.warn({ event: name }, 'unknown event');
      return;
    }
    let payload: unknown;
    try {
      payload = schema.parse(raw);
    } catch (error) {
      log.warn({ event: name, err: error }, 'event with a wrong shape');
      return;
    }
    for (const listener of [...(listeners.get(name) ?? [])]) {
      try {
        listener(payload as never);
      } catch (error) {
        log.error({ event: name, err: error }, 'listener failed');
      }
    }
  }

  return {
    attach(wire) {
      current = wire;
    },
    detach() {
      current = null;
      for (const { method, reject } of [...pending.values()]) reject(new LinkError('down', method));
    },
    receive(wire, text) {
      const parsed = frame.safeParse(parseJson(text));
      if (!parsed.success) return false;
      const message = parsed.data;
      switch (message.t) {
        case 'request':
          answer(wire, message.i, message.m, message.p).catch((error: unknown) => {
            log.error({ method: message.m, err: error }, 'request not answered');
          });
          return true;
        case 'result':
        case 'error':
          settle(message);
          return true;
        case 'event':
          hear(message.n, message.p);
          return true;
        default:
          return message satisfies never;
      }
    },
    async request(method, params, { timeoutMs = 10_000 } = {}) {
      if (!current) throw new LinkError('down', method);
      lastId += 1;
      const id = lastId;
      const text = encode(method, { t: 'request', i: id, m: method, p: params });
      const { promise, resolve, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(new LinkError('timeout', method)), timeoutMs);
      pending.set(id, { method, resolve: resolve as (result: unknown) => void, reject });
      if (!current.send(text)) reject(new LinkError('down', method));
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        pending.delete(id);
      }
    },
    handle(method, fn) {
      if (handlers.has(method)) throw new Error(`${method} is handled already`);
      handlers.set(method, fn);
      return () => {
        if (handlers.get(method) === fn) handlers.delete(method);
      };
    },
    emit(event, payload) {
      return current?.send(encode(event, { t: 'event', n: event, p: payload })) ?? false;
    },
    on(event, fn) {
      const all = listeners.get(event) ?? new Set<Listener>();
      listeners.set(event, all);
      const listener: Listener = (payload) => fn(payload);
      all.add(listener);
      return () => void all.delete(listener);
    },
  };
}

function parseOr(
  parser: { parse(value: unknown): unknown },
  raw: unknown,
  fault: (cause: unknown) => Error,
): unknown {
  try {
    return parser.parse(raw);
  } catch (error) {
    throw fault(error);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
