/** Runs of ffmpeg (Debian's package): bounded, in the background of the media workers, and never outliving their pipes. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';

/** ffmpeg is not installed. */
export class FfmpegMissingError extends Error {
  override readonly name = 'FfmpegMissingError';
  constructor() {
    super('ffmpeg is missing: apt-get install ffmpeg');
  }
}

/** ffmpeg ended with an error; the message has its last words. */
export class FfmpegError extends Error {
  override readonly name = 'FfmpegError';
}

export interface FfmpegRun {
  readonly process: ChildProcessWithoutNullStreams;
  /**
   * Resolves when it has ended and all its output has been read; rejects with FfmpegError when it failed or was
   * killed, with FfmpegMissingError when there is none.
   */
  readonly ended: Promise<void>;
}

const maxWords = 2_000;
/** Media workers go first, but pictures that are coded anew must keep up with their class. */
const niceness = 5;

/**
 * Starts ffmpeg with pipes. A group of its own, so that Ctrl-C at the terminal ends it by the end of its input and
 * not in the middle of a segment. Who starts it ends its input, or kills it.
 */
export function startFfmpeg(args: readonly string[]): FfmpegRun {
  const child = spawn('ffmpeg', ['-hide_banner', '-nostats', '-loglevel', 'error', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(-maxWords);
  });
  // A process that dies breaks its pipes; its end says so better.
  child.stdin.on('error', () => undefined);
  if (child.pid !== undefined) lowerPriority(child.pid);

  async function wait(): Promise<void> {
    try {
      // Throws what 'error' tells: that it cannot be started.
      const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
      if (code !== 0) throw new FfmpegError(`ffmpeg ended with ${code ?? signal}: ${words.trim()}`);
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      throw isMissing ? new FfmpegMissingError() : error;
    }
  }
  const ended = wait();
  // Looked at by whoever waits; nobody may be waiting yet.
  ended.catch(() => undefined);
  return { process: child, ended };
}

export interface FfmpegOptions {
  args: readonly string[];
  input?: Buffer;
  signal?: AbortSignal;
  /** Killed after that long. */
  timeoutMs: number;
}

/** Resolves with what it wrote. Rejects with FfmpegError, FfmpegMissingError, or the signal's reason. */
export async function runFfmpeg({ args, input, signal, timeoutMs }: FfmpegOptions): Promise<Buffer> {
  signal?.throwIfAborted();
  const { process: child, ended } = startFfmpeg(args);
  const limit = AbortSignal.timeout(timeoutMs);
  const kill = () => child.kill('SIGKILL');
  limit.addEventListener('abort', kill);
  signal?.addEventListener('abort', kill);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(input);
  try {
    await ended;
    return Buffer.concat(chunks);
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) throw new FfmpegError(`ffmpeg was not done in ${timeoutMs} ms`);
    throw error;
  } finally {
    limit.removeEventListener('abort', kill);
    signal?.removeEventListener('abort', kill);
  }
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    // It has ended already.
  }
}
