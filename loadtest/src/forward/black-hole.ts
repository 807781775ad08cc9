/**
 * A UDP socket that is bound and never read: the kernel drops what comes once its buffer is full. Viewers that are
 * not timed receive here, so that the worker sends every packet and this process need not take them.
 */
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { z } from 'zod';
import type { UdpAddress } from './path.ts';

export interface BlackHole {
  readonly sink: UdpAddress;
  close(): Promise<void>;
}

/** The thread sleeps inside the listener, so its event loop never comes to reading the socket. */
const sleeper = `
const { createSocket } = require('node:dgram');
const { parentPort } = require('node:worker_threads');
const socket = createSocket('udp4');
socket.bind(0, '127.0.0.1', () => {
  parentPort.postMessage(socket.address().port);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
`;

export async function openBlackHole(): Promise<BlackHole> {
  const thread = new Worker(sleeper, { eval: true });
  const [port] = z.tuple([z.number()]).parse(await once(thread, 'message'));
  return {
    sink: { ip: '127.0.0.1', port },
    async close() {
      await thread.terminate();
    },
  };
}
