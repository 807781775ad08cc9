/** Documents as pictures of their pages: nothing that a document could carry reaches a learner's browser. */
import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pageName } from '@keshi/contract/lessons';
import type { Made, Making } from './make-stream.ts';
import { MakingRefused } from './making-refused.ts';
import { ProgramError, type ProgramRun, runProgram } from './media-program.ts';

const mostPages = 1_000;
/** The longer edge, pixels: readable on a desk, and some hundred kilobytes. */
const longEdge = 1_600;
const infoMs = 30_000;
const pageMs = 15_000;
/** Drawn by one run; between runs it is told how far it is. */
const together = 10;

/** Rejects with MakingRefused: `wrong-type`, `damaged` (or locked), `empty`, `too-long`. */
export async function makePages({ dir: cwd, signal, tell }: Making): Promise<Made> {
  tell('inspect', 0);
  if (!(await isPdf(join(cwd, 'source')))) throw new MakingRefused('wrong-type');
  const run = (program: ProgramRun['program'], args: readonly string[], timeoutMs: number) =>
    damagedOr(runProgram({ program, args, cwd, signal, timeoutMs }));
  const { out: info } = await run('pdfinfo', ['source'], infoMs);
  const pages = Number(/^Pages:\s+(\d+)$/m.exec(info)?.[1] ?? 0);
  if (pages === 0) throw new MakingRefused('empty');
  if (pages > mostPages) throw new MakingRefused('too-long');
  await mkdir(join(cwd, 'out'), { recursive: true });
  for (let first = 1; first <= pages; first += together) {
    const last = Math.min(pages, first + together - 1);
    const which = ['-f', String(first), '-l', String(last), '-scale-to', String(longEdge)];
    const picture = ['-jpeg', '-jpegopt', 'quality=82', 'source', 'out/p'];
    await run('pdftoppm', [...which, ...picture], together * pageMs);
    tell('pictures', last / pages);
  }
  const drawn = await readdir(join(cwd, 'out'));
  if (drawn.length !== pages) throw new MakingRefused('damaged');
  for (const name of drawn) {
    const page = Number(/^p-(\d+)\.jpg$/.exec(name)?.[1]);
    await rename(join(cwd, 'out', name), join(cwd, 'out', pageName(page)));
  }
  return { media: { kind: 'pages', pages }, durationMs: null, quality: null, out: 'out' };
}

async function isPdf(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(5), 0, 5, 0);
    return buffer.toString('latin1') === '%PDF-';
  } finally {
    await file.close();
  }
}

async function damagedOr<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ProgramError && !error.killed) throw new MakingRefused('damaged', error);
    throw error;
  }
}
