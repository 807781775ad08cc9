import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../../log.ts';
import { retryPauseMs } from '../../retry.ts';
import { StateUnavailable } from '../ports.ts';

const silenceMs = 5_000;
/** So often a connection is looked at, and after so many looks in a row at an answer that is due it is taken for dead. */
const lookEveryMs = 1_000;
const mostLooks = 5;

/** Never gives up; a new attempt at least every second. */
const everPatient: RedisOptions = {
  lazyConnect: true,
  connectTimeout: silenceMs,
  // A connection that says nothing for this long while an answer is due is taken for dead and made anew.
  socketTimeout: silenceMs,
  retryStrategy: (times) => retryPauseMs(times, 1_000),
};

/** Where somebody looks after the connection, this is for what is not even ready. */
const lookedAfter: RedisOptions = { socketTimeout: 3 * silenceMs };

/** For commands: while the server is away each rejects at once, and none is sent twice. */
const promptFailure: RedisOptions = {
  ...everPatient,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
};

/** For subscriptions: they wait for the server and are renewed on every new connection. */
const patientSubscriber: RedisOptions = { ...everPatient, maxRetriesPerRequest: null, autoResubscribe: true };

export interface RedisConnections {
  commands: Redis;
  subscriber: Redis;
  /** A further connection for blocking reads; the caller disconnects it. */
  createBlocking(): Redis;
  close(): void;
}

/** Resolves when the server has answered on both connections; rejects with StateUnavailable when it does not in time. */
export async function connectRedis(url: string, log: Logger, timeoutMs: number): Promise<RedisConnections> {
  const commands = open(url, { ...promptFailure, ...lookedAfter }, log.child({ connection: 'commands' }));
  const subscriber = open(
    url,
    { ...patientSubscriber, ...lookedAfter },
    log.child({ connection: 'subscriber' }),
  );
  const unwatch = [commands, subscriber].map(watch);
  const close = () => {
    for (const undo of unwatch) undo();
    commands.disconnect();
    subscriber.disconnect();
  };
  try {
    await Promise.all([untilReady(commands, timeoutMs), untilReady(subscriber, timeoutMs)]);
  } catch (error) {
    close();
    throw error;
  }
  return {
    commands,
    subscriber,
    createBlocking: () => open(url, promptFailure, log.child({ connection: 'blocking' })),
    close,
  };
}

function open(url: string, options: RedisOptions, log: Logger): Redis {
  const redis = new Redis(url, options);
  let wasReady = false;
  redis.on('error', (error: Error) => log.debug({ err: error }, 'redis connection error'));
  redis.on('ready', () => {
    wasReady = true;
    log.info('redis connected');
  });
  redis.on('close', () => {
    if (wasReady) log.warn('redis connection lost');
    wasReady = false;
  });
  redis.connect().catch(() => {}); // The retry strategy goes on; untilReady tells whoever waits.
  return redis;
}

/**
 * A connection that has silently died would lose messages without anyone noticing. Time is counted in looks: a process
 * that was kept from running for seconds has the answers waiting, and has not read them yet.
 */
function watch(redis: Redis): () => void {
  let isDue = false;
  let looks = 0;
  const timer = setInterval(() => {
    if (redis.status !== 'ready') return;
    if (!isDue) {
      isDue = true;
      looks = 0;
      redis
        .ping()
        .catch(() => {})
        .finally(() => (isDue = false));
    } else if (++looks >= mostLooks) {
      looks = 0;
      redis.stream.destroy();
    }
  }, lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

export function untilReady(redis: Redis, timeoutMs = 10_000): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onReady = () => resolve();
  const onEnd = () => reject(new StateUnavailable('the connection was closed'));
  const timer = setTimeout(() => reject(new StateUnavailable('redis does not answer')), timeoutMs);
  redis.once('ready', onReady);
  redis.once('end', onEnd);
  return promise.finally(() => {
    clearTimeout(timer);
    redis.off('ready', onReady);
    redis.off('end', onEnd);
  });
}

/** Tells "the server could not be asked" from "the server refused", which is a fault of ours and stays as it is. */
export async function reached<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isReplyError(error) && !/^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|MISCONF|OOM)/.test(error.message))
      throw error;
    throw new StateUnavailable('redis cannot be reached', error);
  }
}

export function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}
