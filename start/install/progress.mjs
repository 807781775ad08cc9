// @ts-check
// One line per step on the terminal: what is being done, for how long, and how it ended.

const terminal = process.stdout.isTTY === true;
/** How often a long step says it is still alive: rewritten in place on a terminal, sparse lines in a log. */
const tickMs = terminal ? 1_000 : 15_000;

/** A failure whose message tells the person what to do; shown without a stack trace. */
export class SetupError extends Error {}

/**
 * Prints one line.
 * @param {string} line
 */
export function say(line) {
  process.stdout.write(`${line}\n`);
}

/**
 * Runs `work`, showing `title` with the elapsed seconds while it lasts and the time it took when done.
 * @template T
 * @param {string} title what is being done, in a few words
 * @param {() => Promise<T>} work
 * @returns {Promise<T>} what `work` returned; its error passes through
 */
export async function step(title, work) {
  const started = Date.now();
  const elapsed = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const clear = terminal ? '\r\x1b[K' : '';
  if (terminal) process.stdout.write(`… ${title}`);
  else say(`… ${title}`);
  const ticker = setInterval(() => {
    if (terminal) process.stdout.write(`${clear}… ${title} (${elapsed()})`);
    else say(`… ${title}, ${elapsed()} so far`);
  }, tickMs);
  try {
    const result = await work();
    process.stdout.write(`${clear}✓ ${title} (${elapsed()})\n`);
    return result;
  } catch (error) {
    process.stdout.write(`${clear}✗ ${title} (after ${elapsed()})\n`);
    throw error;
  } finally {
    clearInterval(ticker);
  }
}
