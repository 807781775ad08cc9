/**
 * Light WebRTC viewers: the Go program in `loadtest/viewers`, built when its sources have changed and run with a plan.
 * A thousand browsers do not fit on one machine; a thousand of these take two sockets and half a megabyte each.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { RtpCapabilitiesJson } from '@keshi/contract/media';
import { z } from 'zod';
import { buildGoTool } from './go-tool.ts';

export interface PlannedMember {
  /** Empty where nobody is asked for one. */
  ticket: string;
  /** When it sets out, ms after the first. */
  atMs: number;
}

export interface ViewersPlan {
  /** The product's signaling, or the bare script that `bare-storm.ts` runs. */
  side: 'product' | 'bare';
  url: string;
  /** What each viewer can receive. */
  capabilities: RtpCapabilitiesJson;
  publisher: PlannedMember;
  /** What the publisher sends: a packet of so many bytes every so often. */
  streams: { videoEveryMs: number; videoBytes: number; audioEveryMs: number; audioBytes: number };
  viewers: PlannedMember[];
  /** Who has no sound and picture after this has not got media. */
  patienceMs: number;
  /** How long all stay once the last has media or has given up. */
  stayMs: number;
}

const ms = z.number().nonnegative().nullable();
const viewerResult = z.object({
  type: z.literal('viewer'),
  n: z.int(),
  /** `timeout`: no sound and picture in time. `lost`: the way in broke, before or after media came. */
  outcome: z.enum(['media', 'timeout', 'lost']),
  detail: z.string().optional(),
  joinedMs: ms,
  connectedMs: ms,
  audioMs: ms,
  videoMs: ms,
  tries: z.int(),
  port: z.int(),
});
/** What became of one viewer; times in ms from its setting out to connect, null for what never was. */
export type ViewerResult = z.infer<typeof viewerResult>;
const line = z.discriminatedUnion('type', [
  viewerResult,
  z.object({ type: z.literal('published') }),
  z.object({ type: z.literal('done') }),
]);

/**
 * Runs the plan to its end and answers with one result per viewer. Rejects when the publisher cannot publish, or when
 * the program ends early or outlives the plan by far.
 */
export async function runViewers(plan: ViewersPlan): Promise<ViewerResult[]> {
  const program = await buildGoTool('viewers');
  const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'pipe'] });
  const killOnExit = () => void child.kill('SIGKILL');
  process.once('exit', killOnExit);
  const lastAtMs = Math.max(0, ...plan.viewers.map(({ atMs }) => atMs));
  const limitMs = 2 * plan.patienceMs + lastAtMs + plan.stayMs + 30_000;
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const results: ViewerResult[] = [];
  let isDone = false;
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4_000);
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (text) => {
    const said = line.parse(JSON.parse(text));
    if (said.type === 'viewer') results.push(said);
    isDone ||= said.type === 'done';
  });
  const [exited, drained] = [once(child, 'close'), once(lines, 'close')];
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(plan));
  try {
    const [code, signal]: unknown[] = await exited;
    await drained;
    if (code !== 0 || !isDone) throw new Error(`the viewers ended with ${String(signal ?? code)}: ${errors}`);
  } finally {
    clearTimeout(timer);
    process.off('exit', killOnExit);
  }
  return results.toSorted((a, b) => a.n - b.n);
}
