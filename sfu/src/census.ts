/**
 * Counts what lives in a worker from mediasoup's own observers, independently of our books: so figures cannot drift
 * from the truth, and a test can see that nothing is left behind.
 */
import type { types } from 'mediasoup';

export interface Census {
  routers: number;
  /** Audio level observers. */
  observers: number;
  /** Those of peers; the two ends of pipes are counted apart. */
  transports: number;
  pipeTransports: number;
  /** Those of publishers. */
  producers: number;
  /** Those of viewers. */
  consumers: number;
  /** Producers as they leave a worker for another. */
  pipes: number;
}

export const emptyCensus = (): Census => ({
  routers: 0,
  observers: 0,
  transports: 0,
  pipeTransports: 0,
  producers: 0,
  consumers: 0,
  pipes: 0,
});

export const addCensus = (a: Census, b: Census): Census => ({
  routers: a.routers + b.routers,
  observers: a.observers + b.observers,
  transports: a.transports + b.transports,
  pipeTransports: a.pipeTransports + b.pipeTransports,
  producers: a.producers + b.producers,
  consumers: a.consumers + b.consumers,
  pipes: a.pipes + b.pipes,
});

interface Closable {
  observer: { once(event: 'close', listener: () => void): unknown };
}

/** The figures of one worker, kept up to date until it closes. Read only. */
export function takeCensus(worker: types.Worker): Readonly<Census> {
  const census = emptyCensus();
  const count = (key: keyof Census, thing: Closable) => {
    census[key] += 1;
    thing.observer.once('close', () => {
      census[key] -= 1;
    });
  };
  worker.observer.on('newrouter', (router) => {
    count('routers', router);
    router.observer.on('newrtpobserver', (observer) => count('observers', observer));
    router.observer.on('newtransport', (transport) => {
      const isPipe = transport.type === 'pipe';
      count(isPipe ? 'pipeTransports' : 'transports', transport);
      transport.observer.on('newconsumer', (consumer) => count(isPipe ? 'pipes' : 'consumers', consumer));
      if (!isPipe) transport.observer.on('newproducer', (producer) => count('producers', producer));
    });
  });
  return census;
}
