/** Server time in ms since the epoch. Passed as a dependency, so that whoever decides by time can be told the time. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();
