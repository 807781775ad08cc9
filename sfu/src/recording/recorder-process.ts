/**
 * The process that records one class. Apart from the SFU node, so that nothing that happens here reaches its media;
 * the node tells it over their channel what to do, and with the channel it ends, after it has put away what it has.
 */
import { createLogger, type Logger } from '@keshi/runtime/log';
import { createMediaStore, type MediaStore } from '@keshi/runtime/media-store/media-store';
import { FfmpegMissingError } from './ffmpeg.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { recorderCommand, type RecorderCommand, type RecorderReport } from './recorder-messages.ts';
import { createSlate } from './slate.ts';

/** So long the store is waited for at the end. */
const settleMs = 15_000;
/** And at a pause, which somebody waits for. */
const cutSettleMs = 2_000;

/** Resolves when it is on its way; nobody may be listening any more, and the channel's end is an event of its own. */
function report(message: RecorderReport): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (process.connected) process.send?.(message, () => resolve());
  else resolve();
  return promise;
}

const log: Logger = createLogger({
  name: 'recorder',
  level: 'info',
  format: 'json',
  out: { write: (line: string) => void report({ type: 'log', line }) },
});

let recorder: Recorder | null = null;
let store: MediaStore | null = null;
let leaving: Promise<void> | null = null;

async function configure(command: Extract<RecorderCommand, { type: 'configure' }>): Promise<void> {
  try {
    const slate = await createSlate();
    store = await createMediaStore(command.store, log);
    recorder = createRecorder({
      classId: command.classId,
      store,
      slate,
      log,
      onBegan: (atMs) => void report({ type: 'began', atMs }),
      onKeyFrameWanted: (id) => void report({ type: 'key-frame', id }),
      onTrouble: (reason) => void report({ type: 'trouble', reason }),
    });
    await report({ type: 'up' });
  } catch (error) {
    const reason = error instanceof FfmpegMissingError ? 'ffmpeg-missing' : store ? 'encoder-failing' : null;
    const message = error instanceof Error ? error.message : String(error);
    await report({ type: 'failed', reason: reason ?? 'storage-unavailable', message });
  }
}

async function leave(atMs: number): Promise<void> {
  await recorder?.cut(atMs);
  const unsaved = (await recorder?.settle(settleMs)) ?? 0;
  recorder?.close();
  await store?.close();
  await report({ type: 'stopped', unsaved });
  process.exit(0);
}

async function open(id: string, kind: 'audio' | 'video'): Promise<void> {
  const port = await recorder?.open(id, kind);
  if (port) await report({ type: 'bound', id, port });
}

async function obey(command: RecorderCommand): Promise<void> {
  switch (command.type) {
    case 'configure':
      return configure(command);
    case 'open':
      return open(command.id, command.kind);
    case 'ready':
      return recorder?.ready(command.id, command.rtp);
    case 'gone':
      return recorder?.gone(command.id);
    case 'scene':
      return recorder?.scene(command.main, command.camera);
    case 'roll':
      return recorder?.roll();
    case 'cut':
      await recorder?.cut(command.atMs);
      await recorder?.settle(cutSettleMs);
      return report({ type: 'cut' });
    case 'stop':
      leaving ??= leave(command.atMs);
      return leaving;
  }
}

function fault(error: unknown): void {
  log.error({ err: error }, 'recorder failed');
  process.exit(1);
}

process.on('message', (message) => {
  obey(recorderCommand.parse(message)).catch(fault);
});
process.on('disconnect', () => {
  leaving ??= leave(Date.now());
  leaving.catch(fault);
});
// Ctrl-C at a terminal reaches every process of it: this one ends when its node says so, or is gone.
process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined);
// The decoder prints every packet that it cannot read; a page that sends rubbish must not fill the log.
Object.assign(console, { error: () => undefined });
