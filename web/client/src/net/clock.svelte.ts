import { createSubscriber } from 'svelte/reactivity';

/**
 * The server's time as well as this page can know it. Times on every screen are the server's, so that a learner whose
 * device is ten minutes off still sees the countdown everyone sees.
 */
export class ServerClock {
  #offset = 0;
  /** Round trip of the best measurement so far: a faster answer says more about the offset. */
  #bestTrip = Infinity;
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, 1000);
    return () => clearInterval(timer);
  });

  /** `sentAt` and `receivedAt` are `performance.now()` around the request whose answer carried `serverTime`. */
  sync(serverTime: number, sentAt: number, receivedAt: number) {
    const trip = receivedAt - sentAt;
    const offset = serverTime + trip / 2 - (performance.timeOrigin + receivedAt);
    // A slow answer says little, unless it contradicts: the device slept meanwhile, and its clock stood still.
    if (trip > this.#bestTrip * 1.5 && Math.abs(offset - this.#offset) < trip) return;
    this.#bestTrip = Math.min(trip, this.#bestTrip);
    this.#offset = offset;
  }

  /** Server time now, ms; reading it follows nothing. */
  now(): number {
    return Math.round(performance.timeOrigin + performance.now() + this.#offset);
  }

  /** Server time now, ms; what reads it in a template or an effect runs again every second. */
  get ticking(): number {
    this.#subscribe();
    return this.now();
  }
}
