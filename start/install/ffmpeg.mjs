// @ts-check
// ffmpeg makes the recordings of classes. Everything else works without it.
import { attempt } from './command.mjs';
import { ensureDebianPackages } from './debian-packages.mjs';
import { SetupError, say } from './progress.mjs';

/**
 * Installs ffmpeg as root; otherwise, or when that fails, says what to do and goes on: classes that are set to record
 * then say why they are not recorded.
 */
export async function ensureFfmpeg() {
  if ((await attempt('ffmpeg', ['-version'], { timeoutMs: 10_000 })).code === 0) return;
  try {
    if (process.getuid?.() === 0) return await ensureDebianPackages(['ffmpeg'], 'the recording of classes');
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
  }
  say('Classes are not recorded on this machine without ffmpeg: sudo apt-get install -y ffmpeg');
}
