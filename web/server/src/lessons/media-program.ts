/** Runs of programs on files that strangers made: bounded in time, memory and output, and ended with this process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';

/** It is not installed. */
export class ProgramMissingError extends Error {
  override readonly name = 'ProgramMissingError';
}

/** It ended with an error, by a signal, or was not done in time; the message has its last words. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  /** Somebody ended it from outside, or the machine had no memory left: the file need not be at fault. */
  readonly killed: boolean;
  constructor(what: string, words: string, killed = false) {
    super(`${what}: ${words.slice(-500).trim()}`);
    this.killed = killed;
  }
}

export interface ProgramRun {
  program: 'ffmpeg' | 'ffprobe' | 'pdfinfo' | 'pdftoppm';
  args: readonly string[];
  /** Names of files in it need no folder. */
  cwd: string;
  timeoutMs: number;
  signal: AbortSignal;
  /** Hears each line of its standard output while it runs. */
  onLine?: (line: string) => void;
}

/** Address space, which is more than what is used; a picture of 4K needs some hundred megabytes. */
const mostMemory = 8 * 1024 ** 3;
const mostFileBytes = 8 * 1024 ** 3;
/** What it says is kept up to this length, the newest of it. */
const mostWords = 2 * 1024 ** 2;
/** Classes in progress go first. */
const niceness = 15;
/** `exec` of util-linux when there is no such program. */
const notFound = 127;

/** Resolves with both outputs as text. Rejects with ProgramError, ProgramMissingError, or the signal's reason. */
export async function runProgram(run: ProgramRun): Promise<{ out: string; words: string }> {
  const { program, args, cwd, timeoutMs, signal, onLine } = run;
  signal.throwIfAborted();
  const limits = [`--as=${mostMemory}`, `--fsize=${mostFileBytes}`, '--core=0'];
  const child = spawn('prlimit', [...limits, 'setpriv', '--pdeathsig', 'KILL', program, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Nothing of ours is its business.
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  const limit = AbortSignal.timeout(timeoutMs);
  const kill = () => child.kill('SIGKILL');
  limit.addEventListener('abort', kill);
  signal.addEventListener('abort', kill);
  let [out, words] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(-mostWords);
  });
  if (onLine) createInterface({ input: child.stdout }).on('line', onLine);
  else
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out = (out + chunk).slice(-mostWords);
    });
  if (child.pid !== undefined) lowerPriority(child.pid);
  try {
    const { code, signal: by } = await closed(child);
    signal.throwIfAborted();
    if (limit.aborted) throw new ProgramError(`${program} was not done in ${timeoutMs} ms`, words);
    if (code === notFound)
      throw new ProgramMissingError(`${program} is missing: apt-get install ffmpeg poppler-utils`);
    if (code !== 0)
      throw new ProgramError(
        `${program} ended with ${code ?? by}`,
        words,
        by === 'SIGKILL' || by === 'SIGTERM',
      );
    return { out, words };
  } finally {
    limit.removeEventListener('abort', kill);
    signal.removeEventListener('abort', kill);
  }
}

async function closed(
  child: ReturnType<typeof spawn>,
): Promise<{ code: number | null; signal: string | null }> {
  const [code, signal]: unknown[] = await once(child, 'close');
  return {
    code: typeof code === 'number' ? code : null,
    signal: typeof signal === 'string' ? signal : null,
  };
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    // It has ended already.
  }
}

/**
 * Before every input: no file may lead to another one, on this machine or elsewhere, as playlists in disguise would.
 * No picture may take more memory than one of 8K needs.
 */
export const trustNothing: readonly string[] = [
  ...['-protocol_whitelist', 'file', '-max_alloc', String(512 * 1024 ** 2)],
  ...['-format_whitelist', 'mov,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,wav,mp3,aac,flac'],
];

export const quietly: readonly string[] = ['-hide_banner', '-nostdin', '-nostats', '-y'];

/** Reads `-progress pipe:1`: tells how much of the media has been worked through, ms. */
export function followProgress(tell: (ms: number) => void): (line: string) => void {
  return (line) => {
    const [, us] = /^out_time_us=(\d+)$/.exec(line) ?? [];
    if (us !== undefined) tell(Number(us) / 1000);
  };
}
