/** One way into a class that is compared: the product's, or the barest that mediasoup allows. */
import type { Page, Request, WebSocket } from 'playwright-core';

export interface Join {
  /** From the click until the first picture was shown and the first packet of sound had arrived. */
  totalMs: number;
  /** Of it, until everything about the class and its media had been answered. */
  signalingMs: number;
  /** Questions that were answered before anything flowed. */
  roundTrips: number;
}

export interface JoinSide {
  readonly name: 'ours' | 'bare';
  /** Shows the page with the join button. */
  prepare(page: Page): Promise<void>;
  click(page: Page): Promise<void>;
  close(): Promise<void>;
}

const patienceMs = 30_000;
/** Set by both pages: at the click, when the answer to the join was there, and at the first picture and sound. */
const markNames = ['keshi:join-click', 'keshi:joined', 'keshi:first-frame', 'keshi:first-audio'] as const;

/** Clicks and waits for picture and sound. Throws when they do not come. */
export async function measureJoin(side: JoinSide, page: Page): Promise<Join> {
  await side.prepare(page);
  const traffic = observeTraffic(page);
  await side.click(page);
  await page.waitForFunction(
    (names) => names.every((name) => performance.getEntriesByName(name).length > 0),
    [...markNames],
    { timeout: patienceMs, polling: 50 },
  );
  const roundTrips = traffic.stop();
  const [click = NaN, joined = NaN, frame = NaN, audio = NaN] = await page.evaluate(
    (names) => names.map((name) => performance.getEntriesByName(name)[0]?.startTime ?? NaN),
    [...markNames],
  );
  return { totalMs: Math.max(frame, audio) - click, signalingMs: joined - click, roundTrips };
}

const isAsking = (request: Request) =>
  request.method() === 'POST' && /\/(ticket|join|connect)$/.test(request.url());

/**
 * Counts what the page asked and was answered from now on: HTTP requests on the way into the class, the opening of the
 * socket, the Socket.IO connect (`40`), and its acknowledged events (`42n` answered by `43n`) up to the one that
 * connects the transport. What the page asks later, while pictures flow, is no part of joining.
 */
function observeTraffic(page: Page) {
  let answered = 0;
  let connecting = false;
  const awaited = new Set<string>();
  const requestDone = (request: Request) => {
    if (isAsking(request)) answered += 1;
  };
  const socketOpened = (socket: WebSocket) => {
    if (!socket.url().includes('/socket.io/')) return;
    answered += 1;
    socket.on('framesent', ({ payload }) => {
      const text = String(payload);
      const id = /^42(\d+)/.exec(text)?.[1];
      if (id === undefined || connecting) return;
      connecting = text.includes('"media.connect"');
      awaited.add(id);
    });
    socket.on('framereceived', ({ payload }) => {
      const text = String(payload);
      const id = /^43(\d+)/.exec(text)?.[1];
      if (text.startsWith('40') || (id !== undefined && awaited.delete(id))) answered += 1;
    });
  };
  page.on('requestfinished', requestDone);
  page.on('websocket', socketOpened);
  return {
    stop() {
      page.off('requestfinished', requestDone);
      page.off('websocket', socketOpened);
      return answered;
    },
  };
}
