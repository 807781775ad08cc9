/** A class with a thousand learners, and a ticket for each. */
import type { Logger } from '@keshi/runtime/log';
import { seedWorld } from '../load/world.ts';

export interface Audience {
  readonly classId: string;
  readonly learners: number;
  /** Fresh tickets: the instructor's and the learners'. */
  tickets(): Promise<{ host: string; learners: string[] }>;
}

const ticketMs = 2 * 60_000;

/** `dataDir` is that of the services. */
export async function seedAudience(options: {
  dataDir: string;
  databaseUrl: string;
  learners: number;
  log: Logger;
}): Promise<Audience> {
  const world = await seedWorld({ ...options, classes: [options.learners], observers: 0, heartbeatMs: null });
  const [only] = world.classes;
  if (!only) throw new Error('the class was not made');
  const { classId, host, learners } = only;
  return {
    classId,
    learners: learners.length,
    tickets: async () => ({
      host: await world.sign(classId, host, ticketMs),
      learners: await Promise.all(learners.map((learner) => world.sign(classId, learner, ticketMs))),
    }),
  };
}
