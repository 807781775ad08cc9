/** Which member has which message since when. */

export interface Ledger {
  /** The messages from `first` on are awaited, so many of them. What was awaited before is forgotten. */
  expect(first: number, count: number): void;
  note(member: number, number: number, at: number): void;
  /**
   * Resolves when everybody has everything, with the times of arrival: member by member, message by message, ms of
   * `monotonicMs`. Rejects after `patienceMs`, or when something came twice.
   */
  complete(patienceMs: number): Promise<Float64Array>;
}

export function createLedger(members: number): Ledger {
  let first = 0;
  let count = 0;
  let missing = 0;
  let twice = 0;
  let arrivals = new Float64Array();
  let done = Promise.withResolvers<void>();

  return {
    expect(from, howMany) {
      first = from;
      count = howMany;
      missing = members * howMany;
      twice = 0;
      arrivals = new Float64Array(missing);
      done = Promise.withResolvers();
    },
    note(member, number, at) {
      const nth = number - first;
      if (nth < 0 || nth >= count) return;
      const place = member * count + nth;
      if (arrivals[place] !== 0) {
        twice += 1;
        return;
      }
      arrivals[place] = at;
      missing -= 1;
      if (missing === 0) done.resolve();
    },
    async complete(patienceMs) {
      const late = setTimeout(
        () => done.reject(new Error(`${missing} of ${arrivals.length} deliveries are missing`)),
        patienceMs,
      );
      try {
        await done.promise;
      } finally {
        clearTimeout(late);
      }
      if (twice > 0) throw new Error(`${twice} messages came twice`);
      return arrivals;
    },
  };
}

/** Milliseconds of a clock that all processes of this machine share and nobody sets. */
export const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;
