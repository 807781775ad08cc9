import type { Logger } from '../log.ts';
import { createExchange, type Wire } from './exchange.ts';
import {
  type CloseReason,
  type Link,
  type LinkContract,
  type LinkState,
  defaultMaxMessageBytes,
} from './link.ts';

/**
 * Both ends of a link within one process, open from the start. Frames cross as JSON in a later turn of the event
 * loop, so that nothing works here that would not work between processes. Closing either end closes both.
 */
export function createLocalLink<C extends LinkContract>({
  contract,
  log,
  peers = ['local', 'local'],
  maxMessageBytes = defaultMaxMessageBytes,
}: {
  contract: C;
  log: Logger;
  /** What each end is known as to the other. */
  peers?: [string, string];
  maxMessageBytes?: number;
}): [Link<C>, Link<C>] {
  const exchanges = [0, 1].map(() => createExchange({ contract, log, maxMessageBytes }));
  const [one, two] = exchanges;
  if (!one || !two) throw new Error('two ends');
  let open = true;
  const queue: (() => void)[] = [];
  let draining = false;

  // One frame per turn: what follows from an answer runs before the next frame is looked at.
  function drain(): void {
    queue.shift()?.();
    if (queue.length > 0) setImmediate(drain);
    else draining = false;
  }

  function wireTo(receive: (text: string) => void): Wire {
    return {
      send(text) {
        if (!open) return false;
        queue.push(() => {
          if (open) receive(text);
        });
        if (!draining) {
          draining = true;
          setImmediate(drain);
        }
        return true;
      },
    };
  }
  const toTwo: Wire = wireTo((text) => two.receive(toOne, text));
  const toOne: Wire = wireTo((text) => one.receive(toTwo, text));
  one.attach(toTwo);
  two.attach(toOne);

  const finish: ((reason: CloseReason) => void)[] = [];
  const shut = (by: number) => {
    if (!open) return;
    open = false;
    queue.length = 0;
    for (const exchange of exchanges) exchange.detach();
    for (const [side, end] of finish.entries()) end(side === by ? 'closed' : 'closed-by-peer');
  };

  const ends = [one, two].map((exchange, side): Link<C> => {
    let state: LinkState = { kind: 'open' };
    const watchers = new Set<(state: LinkState) => void>();
    const { promise: closed, resolve } = Promise.withResolvers<CloseReason>();
    finish.push((reason) => {
      state = { kind: 'closed', reason };
      resolve(reason);
      for (const watcher of watchers) watcher(state);
    });
    return {
      peer: peers[side === 0 ? 1 : 0],
      closed,
      get state() {
        return state;
      },
      request: exchange.request,
      handle: exchange.handle,
      emit: exchange.emit,
      on: exchange.on,
      watch(fn) {
        watchers.add(fn);
        return () => void watchers.delete(fn);
      },
      async close() {
        shut(side);
      },
    };
  });
  const [first, second] = ends;
  if (!first || !second) throw new Error('two ends');
  return [first, second];
}
