/** What a load of sockets showed. */
import type { Report } from '../report.ts';
import type { LoadResult } from './run-load.ts';
import type { LoadScenario } from './scenarios.ts';

export function reportOf(scenario: LoadScenario, scale: number, result: LoadResult): Report {
  const { classes, name, says, ...settings } = scenario;
  const { samples, figures, crossed, kbPerConnection, ...counts } = result;
  return {
    ...{ name, says, scale, figures, crossed },
    settings: {
      ...settings,
      classes: classes.length,
      learners: classes.reduce((sum, size) => sum + size, 0),
      ...counts,
      kbPerConnection: Number(kbPerConnection.toPrecision(4)),
      media: 'modelled (npm run simulate), not part of this load',
    },
    samples: samples.map((sample) => ({ ...sample })),
    plots: {
      'Cores busy': {
        'signaling nodes': 'signalingCores',
        generators: 'generatorCores',
        'whole machine': 'machineCores',
      },
      'Memory of the signaling nodes, MB': { 'signaling nodes': 'signalingMb' },
    },
  };
}
