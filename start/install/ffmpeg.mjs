// @ts-check
// ffmpeg makes the recordings of classes and recorded lessons, poppler the pages of documents. Everything else works
// without them.
import { attempt } from './command.mjs';
import { ensureDebianPackages } from './debian-packages.mjs';
import { SetupError, say } from './progress.mjs';

/**
 * Installs them as root; otherwise, or when that fails, says what to do and goes on: classes that are set to record
 * then say why they are not recorded, and uploads why no lesson was made of them.
 */
export async function ensureFfmpeg() {
  const present = await Promise.all([
    attempt('ffmpeg', ['-version'], { timeoutMs: 10_000 }),
    attempt('pdftoppm', ['-v'], { timeoutMs: 10_000 }),
  ]);
  if (present.every(({ code }) => code === 0)) return;
  try {
    if (process.getuid?.() === 0)
      return await ensureDebianPackages(['ffmpeg', 'poppler-utils'], 'recordings and lessons');
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
  }
  say(
    'No recordings and lessons are made on this machine without: sudo apt-get install -y ffmpeg poppler-utils',
  );
}
