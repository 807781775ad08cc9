/** What happens, in order of time; what happens at the same time happens in the order it was put in. */
export interface EventQueue {
  /** Simulated ms since the beginning. */
  readonly now: number;
  /** Runs `action` at that time. Throws for a time that has passed. */
  at(time: number, action: () => void): void;
  /** Runs everything up to and including that time, and what it puts in meanwhile; `now` is that time afterwards. */
  runUntil(time: number): void;
}

interface Entry {
  time: number;
  order: number;
  action: () => void;
}

const before = (a: Entry, b: Entry) => a.time < b.time || (a.time === b.time && a.order < b.order);

export function createEventQueue(): EventQueue {
  /** A binary heap: the children of place n are at 2n + 1 and 2n + 2. */
  const heap: Entry[] = [];
  let now = 0;
  let order = 0;

  function push(entry: Entry): void {
    let place = heap.length;
    heap.push(entry);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (!above || !before(entry, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = entry;
  }

  function pop(): Entry | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (!left) break;
      if (right && before(right, left)) child += 1;
      const smaller = right && before(right, left) ? right : left;
      if (!before(smaller, last)) break;
      heap[place] = smaller;
      place = child;
    }
    heap[place] = last;
    return first;
  }

  return {
    get now() {
      return now;
    },
    at(time, action) {
      if (time < now) throw new Error(`${time} has passed, it is ${now}`);
      push({ time, order: order++, action });
    },
    runUntil(time) {
      for (let next = heap[0]; next && next.time <= time; next = heap[0]) {
        pop();
        now = next.time;
        next.action();
      }
      now = time;
    },
  };
}
