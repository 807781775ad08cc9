/** What every scenario asks of k6: each virtual user comes once, holds its members, and nothing may fail. */
import { settings } from './plan.ts';

export const endsAtMs = settings.startAtMs + settings.rampMs + settings.holdMs;

/** `thresholds` beside those that hold for every scenario: nobody fails to connect, nobody is lost. */
export function optionsWith(thresholds: Record<string, string[]> = {}) {
  return {
    scenarios: {
      members: {
        executor: 'per-vu-iterations',
        vus: settings.vus,
        iterations: 1,
        maxDuration: `${Math.ceil((endsAtMs - Date.now()) / 1_000) + 90}s`,
        gracefulStop: '10s',
      },
    },
    summaryTrendStats: ['count', 'min', 'med', 'p(95)', 'p(99)', 'max'],
    thresholds: {
      connect_failures: ['count==0'],
      unexpected_disconnects: ['count==0'],
      refused_commands: ['count==0'],
      joined: [`count>=${settings.own}`],
      ...(settings.stormAtMs && {
        rejoined: [`count==${settings.own}`],
        storm_disconnects: [`count==${settings.own}`],
      }),
      ...thresholds,
    },
  };
}
