/**
 * One event for many sockets of this node: encoded once, framed once, and written as one buffer. Through Socket.IO's room
 * and engine.io each socket costs a gathered write and its book-keeping, which for a class of thousands is most of what
 * a message costs.
 *
 * Engine.IO's transport is `writable` when nothing waits in its own buffer and nothing of it is on its way; only then is
 * the frame written beside it, so that the order of what one socket is sent stays what it is. It can be, because a
 * frame is whole: we neither compress nor fragment.
 */
import type { ServerEventName, ServerPayload } from '@keshi/contract/signaling';
import type { Connection } from './connections.ts';
import { textFrame } from './wire/frame.ts';

/** What Engine.IO and Socket.IO put before an event of the main namespace: a message, an event. */
const message = '4';
const event = '2';

export function fanOut<K extends ServerEventName>(
  to: Iterable<Connection>,
  name: K,
  payload: ServerPayload<K>,
): void {
  const packet = `${event}${JSON.stringify([name, payload])}`;
  let frame: Buffer | null = null;
  for (const { socket, wire } of to) {
    const { conn } = socket;
    if (conn.transport.writable && wire.idle) wire.sendFrame((frame ??= textFrame(message + packet)));
    // It waits behind what this socket has not taken yet.
    else conn.write(packet);
  }
}
