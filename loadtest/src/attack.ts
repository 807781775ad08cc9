/**
 * `npm run attack`: what cheating at recorded lessons earns, and what a bad network costs an honest learner. Prints a
 * table, and one JSON line a figure. Exit code 1 when an attack on time earns anything, or more than one in a hundred
 * honest seconds is refused.
 */
import { runAttacks } from './attack/run.ts';

const mostRefused = 0.01;

const { results, honest } = await runAttacks();
console.table(
  results.map(({ attack, kind, watchedS, creditedS, beyondS, passes, reasons }) => ({
    attack,
    of: kind,
    'watched s': watchedS,
    'credited s': creditedS,
    'beyond s': beyondS,
    passed: passes,
    reasons: reasons.join(' '),
  })),
);
for (const { attack, kind, beyondS, reasons } of results)
  console.log(JSON.stringify({ attack, of: kind, credited_beyond_s: beyondS, reasons }));
console.log(
  JSON.stringify({
    honest_refused_ratio: Number(honest.refusedRatio.toFixed(5)),
    watched_s: honest.watchedS,
  }),
);
const gained = results.filter(({ kind, beyondS }) => kind === 'time' && beyondS > 0);
process.exitCode = gained.length > 0 || honest.refusedRatio > mostRefused ? 1 : 0;
