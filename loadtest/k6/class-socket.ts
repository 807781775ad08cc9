/** One page's connection to its class, as it is on the wire: Engine.IO 4 and Socket.IO 5 by hand, text frames alone. */
import { clearTimeout, setTimeout } from 'k6/timers';
import { WebSocket } from 'k6/websockets';

export interface Refusal {
  code: string;
  retryMs: number | null;
}
export type Answer<T> = { ok: true; data: T } | { ok: false; error: Refusal };

/** Only frames whose event has a listener are parsed: most members of a large class only count what comes. */
export interface ClassSocketEvents {
  /** Let in by its ticket; `join` may be asked now. */
  connected(): void;
  /** Refused by the server, or the way there broke; nothing follows. */
  failed(refusal: Refusal): void;
  /** Broken after it was connected, and not by us. */
  lost(why: string): void;
  /** Every event as it came, unread: the name and the JSON of the whole packet's array. */
  heard(name: string, json: string): void;
}

/** What a page shows at the door. */
export interface Hello {
  ticket: string;
  tab: string;
  returning: boolean;
}

/** As long as a page waits, ms. */
const connectedWithinMs = 20_000;

/** The WebSocket's `readyState`. */
const connecting = 0;

export class ClassSocket {
  readonly #socket: WebSocket;
  readonly #events: ClassSocketEvents;
  readonly #asked = new Map<number, (answer: Answer<unknown>) => void>();
  #next = 0;
  #state: 'connecting' | 'connected' | 'over' = 'connecting';
  /** Ends the waiting for what is due first. */
  #patience: number;

  constructor(url: string, hello: Hello, events: ClassSocketEvents) {
    this.#events = events;
    this.#socket = new WebSocket(`${url}/socket.io/?EIO=4&transport=websocket`);
    // Not when Engine.IO says that it is open, as a page does: k6 drops what comes before it has told us of its own
    // opening, which under load happens to one in a thousand, and the server has been listening since the upgrade.
    this.#socket.onopen = () => this.#socket.send(`40${JSON.stringify(hello)}`);
    this.#socket.onmessage = (message) => {
      if (typeof message?.data === 'string') this.#read(message.data);
    };
    this.#socket.onerror = (failure) => this.#end(String(failure?.error));
    this.#socket.onclose = () => this.#end('closed');
    this.#patience = setTimeout(() => this.#giveUp(), connectedWithinMs);
  }

  get isOpen(): boolean {
    return this.#state === 'connected';
  }

  tell(name: string, payload: unknown): void {
    if (this.isOpen) this.#socket.send(`42["${name}",${JSON.stringify(payload)}]`);
  }

  ask<T>(name: string, payload: unknown, answered: (answer: Answer<T>) => void): void {
    if (!this.isOpen) return;
    const id = this.#next++;
    this.#asked.set(id, answered as (answer: Answer<unknown>) => void);
    this.#socket.send(`42${id}["${name}",${JSON.stringify(payload)}]`);
  }

  /** As `ask`; when no answer comes within that time the connection has failed. */
  require<T>(name: string, payload: unknown, withinMs: number, answered: (answer: Answer<T>) => void): void {
    this.#patience = setTimeout(() => this.#giveUp(), withinMs);
    this.ask<T>(name, payload, (answer) => {
      clearTimeout(this.#patience);
      answered(answer);
    });
  }

  close(): void {
    this.#state = 'over';
    clearTimeout(this.#patience);
    // k6 would hold up all of the virtual user until it is connected, and for ever when it cannot be.
    if (this.#socket.readyState === connecting) this.#socket.onopen = () => this.#socket.close();
    else this.#socket.close();
  }

  #read(frame: string): void {
    switch (frame.slice(0, 2)) {
      case '2':
        this.#socket.send('3');
        return;
      case '42':
        this.#events.heard(frame.slice(4, frame.indexOf('"', 4)), frame);
        return;
      case '43':
        return this.#answered(frame);
      case '40':
        this.#state = 'connected';
        clearTimeout(this.#patience);
        this.#events.connected();
        return;
      case '44':
        return this.#refused(frame);
      case '41':
        return this.#end('disconnected by the server');
    }
  }

  #answered(frame: string): void {
    const at = frame.indexOf('[');
    const id = Number(frame.slice(2, at));
    const answered = this.#asked.get(id);
    this.#asked.delete(id);
    const [answer] = JSON.parse(frame.slice(at)) as [Answer<unknown>];
    answered?.(answer);
  }

  #refused(frame: string): void {
    const { message, data } = JSON.parse(frame.slice(2)) as { message: string; data?: Partial<Refusal> };
    this.#over(() => this.#events.failed({ code: data?.code ?? message, retryMs: data?.retryMs ?? null }));
    this.#socket.close();
  }

  #end(why: string): void {
    const was = this.#state;
    this.#over(() =>
      was === 'connected' ? this.#events.lost(why) : this.#events.failed({ code: why, retryMs: null }),
    );
  }

  #giveUp(): void {
    this.#over(() => this.#events.failed({ code: 'no-answer', retryMs: null }));
    this.close();
  }

  #over(tell: () => void): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    clearTimeout(this.#patience);
    tell();
  }
}

/** The payload of an event's packet. */
export function payloadOf<T>(json: string): T {
  return (JSON.parse(json.slice(2)) as [string, T])[1];
}
