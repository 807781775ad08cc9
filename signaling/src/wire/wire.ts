/**
 * One WebSocket of a page: what engine.io asks of the `ws` package's, and no more. It keeps three functions, what has come
 * of an unfinished frame, and the TCP socket; a class of ten thousand has ten thousand of them.
 */
import type { Socket } from 'node:net';
import { closeFrame, frameOf, opcodes, textFrame } from './frame.ts';
import { createFrameReader, FrameError, type FrameReader } from './frame-reader.ts';

type Sent = (error?: Error | null) => void;

type Heard = (data: string | Buffer, isBinary: boolean) => void;

/** Whatever fails closes the connection and is told as that, so nobody is ever told of an error. */
type Listening = ['message', Heard] | ['close', () => void] | ['error', (error: Error) => void];

/** With a farewell before it or without: nothing more comes. */
function endToo(this: Socket): void {
  this.end();
}

/** It tells that it is closed right after. */
function giveUp(this: Socket): void {
  this.destroy();
}

/** How long the other side may take to answer a farewell. */
const farewellMs = 5_000;

export class Wire {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  #heard: Heard | null = null;
  #closed: (() => void) | null = null;
  #state: 'open' | 'closing' | 'closed' = 'open';

  /** `mostBytes`: the longest message the page may send. */
  constructor(socket: Socket, mostBytes: number) {
    this.#socket = socket;
    this.#reader = createFrameReader(mostBytes);
    socket.setTimeout(0);
    socket.setNoDelay();
    socket.on('data', this.#read);
    socket.on('end', endToo);
    socket.on('error', giveUp);
    socket.on('close', () => {
      this.#state = 'closed';
      const closed = this.#closed;
      this.#heard = this.#closed = null;
      closed?.();
    });
  }

  /** Nothing waits to be taken by the system: what is written now is the next thing the page reads. */
  get idle(): boolean {
    return this.#state === 'open' && this.#socket.writable && this.#socket.writableLength === 0;
  }

  /** Bytes the system has not taken yet. */
  get bufferedAmount(): number {
    return this.#socket.writableLength;
  }

  /** One listener for each event; who listens later takes over, as engine.io's transport does from its upgrade. */
  on(...[event, listener]: Listening): this {
    if (event === 'message') this.#heard = listener;
    else if (event === 'close') this.#closed = listener;
    return this;
  }

  once(...listening: Listening): this {
    return this.on(...listening);
  }

  removeListener(...[event, listener]: Listening): this {
    if (event === 'message' && this.#heard === listener) this.#heard = null;
    if (event === 'close' && this.#closed === listener) this.#closed = null;
    return this;
  }

  /** `sent` is called at once when the system has taken all of it, else when it has. */
  send(data: string | Buffer, sent?: Sent): void {
    this.#write(typeof data === 'string' ? textFrame(data) : frameOf(opcodes.binary, data), sent);
  }

  /** A frame that is whole already, see `frame.ts`. */
  sendFrame(frame: Buffer): void {
    this.#socket.write(frame);
  }

  /** In order: what was sent before is read first, then the other side says farewell too. */
  close(code = 1000): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    const socket = this.#socket;
    socket.write(closeFrame(code));
    const timer = setTimeout(() => socket.destroy(), farewellMs);
    socket.once('close', () => clearTimeout(timer));
  }

  /** At once; what waits is lost. */
  terminate(): void {
    this.#socket.destroy();
  }

  #write(frame: Buffer, sent?: Sent): void {
    const socket = this.#socket;
    if (this.#state !== 'open' || !socket.writable) return void sent?.(new Error('the connection is closed'));
    if (!sent) return void socket.write(frame);
    let asked = false;
    socket.write(frame, (error) => {
      if (!asked) sent(error);
    });
    // Nothing is left of it in this process, so nobody has to wait for the next turn of the loop to know.
    if (socket.writableLength > 0 || socket.destroyed) return;
    asked = true;
    sent();
  }

  readonly #read = (chunk: Buffer): void => {
    try {
      for (const incoming of this.#reader.read(chunk)) {
        if (this.#state === 'closed') return;
        switch (incoming.kind) {
          case 'message':
            if (this.#state === 'open') this.#heard?.(incoming.data, incoming.binary);
            break;
          case 'ping':
            // Whoever asks without reading gets no answers to wait here.
            if (this.idle) this.#socket.write(frameOf(opcodes.pong, incoming.data));
            break;
          case 'close':
            this.#farewell(incoming.code);
            return;
        }
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#farewell(error.code);
    }
  };

  /** The other side has said it, or is not understood any more: nothing it sends after this is read. */
  #farewell(code: number): void {
    const socket = this.#socket;
    socket.off('data', this.#read);
    // Read on to its end all the same, or the end would never be seen.
    socket.resume();
    if (this.#state === 'open') {
      this.close(code === 1005 ? 1000 : code);
    }
    socket.end();
  }
}
