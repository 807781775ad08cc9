/** An honest learner with a bad network: five in a hundred messages lost, outages of half a minute, a laptop that sleeps. */
import { freshMs, joined, type Stretch, told } from '../../../web/client/src/study/watched.ts';
import type { StudyServer } from '../study/server.ts';
import { minute, openPlayer, second } from './player.ts';

const beatMs = 10 * second;
const lossShare = 0.05;
const outageEveryMs = 7 * minute;
const outageMs = 30 * second;
const sleepEveryMs = 17 * minute;
const sleepMs = 25 * minute;
/** As the page does: without an answer for so long the picture waits. */
const patienceMs = 45 * second;

export interface Honest {
  watchedMs: number;
  countedMs: number;
}

/** The page's own bookkeeping over the real service, until the lesson is complete or its time is over. */
export async function studyHonestly(
  server: StudyServer,
  login: string,
  { lengthMs, random }: { lengthMs: number; random: () => number },
): Promise<Honest> {
  const player = await openPlayer(server, login, await server.lesson(lengthMs));
  await player.start();
  let stretches: Stretch[] = [];
  let position = 0;
  let playedMs = 0;
  let watchedMs = 0;
  let answeredAt = server.clock();
  const began = server.clock();
  let sleptAt = began;
  const seen: Stretch[] = [];
  while (!player.standing?.complete && server.clock() - began < 4 * lengthMs + 10 * sleepMs) {
    if (player.standing?.challenge) {
      // Somebody reads it and answers.
      server.pass(5 * second);
      await player.click('right');
      position = player.standing.resumeAt;
      answeredAt = server.clock();
      continue;
    }
    const now = server.clock();
    if (now - sleptAt > sleepEveryMs) {
      server.pass(sleepMs);
      sleptAt = server.clock();
      answeredAt = sleptAt;
    }
    const waits = server.clock() - answeredAt > patienceMs;
    server.pass(beatMs);
    if (!waits) {
      const to = Math.min(lengthMs, position + beatMs);
      watchedMs += freshMs([[position, to]], joined([], seen));
      seen.push([position, to]);
      stretches = joined(stretches, [[position, to]]);
      position = to;
      playedMs += beatMs;
    }
    const away = playedMs % outageEveryMs < outageMs;
    const lost = random() < lossShare;
    if (away || lost) {
      // Half of what is lost is the answer: the server has it, and the page does not know.
      if (!away && random() < 0.5) {
        const before = player.standing;
        await player.report(told(stretches));
        // What was answered is what the page would have heard.
        if (player.standing?.challenge) continue;
        void before;
      }
      if (waits) playedMs += beatMs;
      continue;
    }
    const standing = await player.report(told(stretches));
    if (!standing) continue;
    answeredAt = server.clock();
    stretches = [];
    if (standing.challenge || position > standing.resumeAt + 5 * second) position = standing.resumeAt;
  }
  return { watchedMs, countedMs: (await player.stored()).countedMs };
}
