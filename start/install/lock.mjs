// @ts-check
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { say } from './progress.mjs';

/** How often a waiting process looks whether the lock is free. */
const retryMs = 300;

/**
 * Runs `work` while no other process on this machine holds the lock of the same name. The lock is a Linux
 * abstract socket: the kernel frees it when its holder ends, however it ends, so it cannot go stale. On other
 * systems there is no lock; there the atomic renames alone keep concurrent runs from harming each other.
 * @template T
 * @param {string} name at most 80 characters
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(name, work) {
  if (process.platform !== 'linux') return work();
  let server = await listen(`\0keshi-${name}`);
  if (!server) say('… waiting for another process that is preparing the same thing');
  while (!server) {
    await delay(retryMs);
    server = await listen(`\0keshi-${name}`);
  }
  try {
    return await work();
  } finally {
    server.close();
  }
}

/**
 * @param {string} path
 * @returns {Promise<import('node:net').Server | undefined>} undefined when somebody else listens there
 */
function listen(path) {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
  });
}
