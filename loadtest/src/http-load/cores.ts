/** Cores that the pages' service and its database keep busy while a load lasts. */
import { allThreadsSeconds, postmasterOf, treeSeconds } from '../capacity/processor.ts';
import type { HttpLoadResult } from './http-load.ts';

const everyMs = 2_000;

export function sampleCores(of: { servicePid: number; databaseUrl: string }) {
  const databasePid = postmasterOf(of.databaseUrl);
  const look = () => ({
    at: performance.now(),
    service: allThreadsSeconds(of.servicePid),
    database: treeSeconds(databasePid),
  });
  const began = look();
  let before = began;
  const samples: HttpLoadResult['samples'][number][] = [];
  const timer = setInterval(() => {
    const now = look();
    const passed = (now.at - before.at) / 1_000;
    samples.push({
      atSeconds: Math.round((now.at - began.at) / 1_000),
      serviceCores: Math.max(0, now.service - before.service) / passed,
      databaseCores: Math.max(0, now.database - before.database) / passed,
    });
    before = now;
  }, everyMs);
  return {
    samples,
    lines: { service: 'serviceCores', database: 'databaseCores' },
    /** Seconds of processor time since this began. */
    spent() {
      const now = look();
      return { service: now.service - began.service, database: now.database - began.database };
    },
    stop: () => clearInterval(timer),
  };
}
