/** What this generator is to do, as `loadtest/src/load` wrote it down: who connects where, and when what happens. */
import { SharedArray } from 'k6/data';
import type { Lively } from '../src/load/scenarios.ts';

export type { Lively };

export interface Settings {
  /** When the first sets out, epoch ms; the same for all generators. */
  startAtMs: number;
  /** Within which all set out, evenly spread, ms. */
  rampMs: number;
  /** How long all stay once the ramp is over, ms. */
  holdMs: number;
  /** Members share these many virtual users of each generator. */
  vus: number;
  /** How many members this generator has, all generators together, and how many learners the first class has. */
  own: number;
  members: number;
  learners: number;
  /** After the ramp, what the first class does; absent: nothing but heartbeats. */
  lively?: Lively;
  /** When every signaling node is killed, epoch ms: whoever is lost then comes back. */
  stormAtMs?: number;
}

/** `n` counts the members of a class and role; `at` is the place among all, by which the ramp is spread. */
export interface Member {
  url: string;
  ticket: string;
  role: 'host' | 'attendee' | 'observer';
  classAt: number;
  n: number;
  at: number;
}

interface Plan {
  settings: Settings;
  members: Member[];
}

const path = __ENV['PLAN'] ?? '';
/** Read once a process, whatever the number of virtual users. */
const shared = new SharedArray('plan', () => {
  const { settings, members } = JSON.parse(open(path)) as Plan;
  return [settings, ...members];
});

export const settings = shared[0] as Settings;

/** Those of this virtual user. */
export function ownMembers(): Member[] {
  const own: Member[] = [];
  for (let at = __VU; at < shared.length; at += settings.vus) own.push(shared[at] as Member);
  return own;
}
