import type { StudyReason, StudyStanding } from '@keshi/contract/study';
import { openStudyServer } from '../study/server.ts';
import { attacks } from './attacks.ts';
import { studyHonestly } from './honest.ts';

export interface AttackResult {
  attack: string;
  kind: 'time' | 'person';
  watchedS: number;
  creditedS: number;
  /** Credited beyond what a person truly watched. */
  beyondS: number;
  /** Challenges that were passed meanwhile, by whoever is there or by luck. */
  passes: number;
  /** What the record says of the rest, and what reports were answered. */
  reasons: StudyReason[];
}

export interface AttackReport {
  results: AttackResult[];
  honest: { watchedS: number; refusedRatio: number };
}

const minute = 60_000;

/** Each attack once, over real HTTP and a real database, on a clock that jumps instead of waiting. */
export async function runAttacks({
  honestMs = 60 * minute,
  only,
  seed = 7,
}: { honestMs?: number; only?: readonly string[]; seed?: number } = {}): Promise<AttackReport> {
  const chosen = attacks.filter(({ name }) => only?.includes(name) ?? true);
  const server = await openStudyServer({ learners: 2 * chosen.length + 1 });
  try {
    const results: AttackResult[] = [];
    for (const [place, attack] of chosen.entries()) {
      const { watchedMs, players } = await attack.run(server, (n) => `learner${2 * place + n}`);
      const stored: StudyStanding[] = [];
      // One after the other: a login ends the one before it.
      for (const player of players) stored.push(await player.stored());
      const creditedMs = stored.reduce((sum, { countedMs }) => sum + countedMs, 0);
      results.push({
        attack: attack.name,
        kind: attack.kind,
        watchedS: watchedMs / 1000,
        creditedS: creditedMs / 1000,
        beyondS: Math.max(0, creditedMs - watchedMs) / 1000,
        passes: players.reduce((sum, player) => sum + player.passes, 0),
        reasons: [
          ...new Set([
            ...stored.flatMap(({ refused }) => refused.map(({ reason }) => reason)),
            ...players.flatMap((player) => player.said()),
          ]),
        ],
      });
    }
    const honest = await studyHonestly(server, `learner${2 * chosen.length + 1}`, {
      lengthMs: honestMs,
      random: randomOf(seed),
    });
    const refusedRatio = Math.max(0, honest.watchedMs - honest.countedMs) / honest.watchedMs;
    return { results, honest: { watchedS: honest.watchedMs / 1000, refusedRatio } };
  } finally {
    await server.close();
  }
}

/** The same each time (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
