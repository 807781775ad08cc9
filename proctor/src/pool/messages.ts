/** What the pool and its threads say to each other. */
import { frameAnalysis, stageTimes } from '@keshi/contract/proctor';
import { z } from 'zod';

export const threadRequest = z.object({
  frames: z.array(z.instanceof(Uint8Array)),
  mirrored: z.boolean(),
});
export type ThreadRequest = z.infer<typeof threadRequest>;

const engineTimes = stageTimes.omit({ queued: true });

export const threadMessage = z.discriminatedUnion('say', [
  z.object({ say: z.literal('ready') }),
  z.object({ say: z.literal('done'), analyses: z.array(frameAnalysis), ms: engineTimes }),
  /** The engine itself failed, not the pictures. */
  z.object({ say: z.literal('failed'), reason: z.string() }),
]);
export type ThreadMessage = z.infer<typeof threadMessage>;
