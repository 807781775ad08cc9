/** What the load costs while it lasts: memory and processor time of the signaling nodes and of the generators. */
import { readFileSync } from 'node:fs';
import { allThreadsSeconds } from '../capacity/processor.ts';

export interface Sample {
  /** Since the first sample, seconds. */
  atSeconds: number;
  /** Resident memory of all signaling nodes, MB. */
  signalingMb: number;
  /** Cores that were busy since the sample before. */
  signalingCores: number;
  generatorCores: number;
  /** Of the whole machine, everything on it included. */
  machineCores: number;
}

const everyMs = 2_000;
const ticksPerSecond = 100;

/** Resident memory of a process, bytes; 0 when it has gone. */
export function residentBytes(pid: number): number {
  try {
    const [, kb = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kb) * 1024;
  } catch {
    return 0;
  }
}

/** Seconds of work of all cores since the machine started: idling and waiting for disks left out. */
function machineSeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
}

export interface Sampler {
  readonly samples: readonly Sample[];
  stop(): void;
}

export function sampleLoad(pids: { signaling: () => number[]; generators: () => number[] }): Sampler {
  const samples: Sample[] = [];
  const beganAt = performance.now();
  const seconds = (of: readonly number[]) =>
    of.reduce((sum, pid) => {
      try {
        return sum + allThreadsSeconds(pid);
      } catch {
        return sum;
      }
    }, 0);
  const look = () => ({
    at: performance.now(),
    signaling: seconds(pids.signaling()),
    generators: seconds(pids.generators()),
    machine: machineSeconds(),
  });
  let before = look();
  const timer = setInterval(() => {
    const now = look();
    const passed = (now.at - before.at) / 1_000;
    // A process that has gone takes its time with it.
    const cores = (from: number, to: number) => Math.max(0, to - from) / passed;
    samples.push({
      atSeconds: Math.round((now.at - beganAt) / 1_000),
      signalingMb: pids.signaling().reduce((sum, pid) => sum + residentBytes(pid), 0) / 1e6,
      signalingCores: cores(before.signaling, now.signaling),
      generatorCores: cores(before.generators, now.generators),
      machineCores: cores(before.machine, now.machine),
    });
    before = now;
  }, everyMs);
  return { samples, stop: () => clearInterval(timer) };
}
