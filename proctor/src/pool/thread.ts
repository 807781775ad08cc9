/** A thread of the pool: one engine, one job at a time. It ends with an error when the engine cannot be opened. */
import { parentPort } from 'node:worker_threads';
import { createEngine, type EngineTimes } from '../engine/engine.ts';
import { threadRequest, type ThreadMessage, type ThreadRequest } from './messages.ts';

const port = parentPort;
if (!port) throw new Error('this runs in a thread of the pool');
const say = (message: ThreadMessage) => port.postMessage(message);

const engine = await createEngine();

async function work({ frames, mirrored }: ThreadRequest): Promise<ThreadMessage> {
  const ms: EngineTimes = { decode: 0, detect: 0, landmarks: 0, descriptor: 0 };
  const analyses = [];
  for (const frame of frames) {
    const result = await engine.analyse(frame, { mirrored });
    analyses.push(result.analysis);
    ms.decode += result.ms.decode;
    ms.detect += result.ms.detect;
    ms.landmarks += result.ms.landmarks;
    ms.descriptor += result.ms.descriptor;
  }
  return { say: 'done', analyses, ms };
}

port.on('message', (message: unknown) => {
  work(threadRequest.parse(message)).then(say, (error: unknown) =>
    say({ say: 'failed', reason: error instanceof Error ? error.message : String(error) }),
  );
});
say({ say: 'ready' });
