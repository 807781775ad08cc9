/**
 * Ways to be credited what nobody watched [B8]. Each says what a person truly watched at most, and of what kind it is:
 * of `time` nothing may be gained at all; what only the client can know, and who sits before it, is gained at most until
 * the next challenge.
 */
import type { StudyServer } from '../study/server.ts';
import { minute, openPlayer, type Player, second } from './player.ts';

export interface Attack {
  readonly name: string;
  readonly kind: 'time' | 'person';
  /** Answers what was watched at most, ms, and the players that claim more. */
  run(server: StudyServer, login: (n: number) => string): Promise<{ watchedMs: number; players: Player[] }>;
}

const lessonMs = 40 * minute;
const beat = 10 * second;

/** For so long somebody is there: what is asked is answered, and the claims of each beat are the attack's. */
async function during(
  server: StudyServer,
  player: Player,
  ms: number,
  claim: (n: number) => [number, number][],
): Promise<number> {
  for (let n = 0; n < ms / beat; n++) {
    if (player.standing?.challenge) await player.click('right');
    server.pass(beat);
    await player.report(claim(n));
  }
  return ms;
}

async function begun(server: StudyServer, login: string, items = 0, token?: string): Promise<Player> {
  const player = await openPlayer(server, login, await server.lesson(lessonMs, items), token);
  await player.start();
  return player;
}

const onward = (player: Player, ms = beat): [number, number][] => {
  const at = player.standing?.resumeAt ?? 0;
  return [[at, at + ms]];
};

export const attacks: readonly Attack[] = [
  {
    name: '16-times-speed',
    kind: 'time',
    async run(server, login) {
      const player = await begun(server, login(1));
      const watchedMs = await during(server, player, 2 * minute, (n) => [
        [n * 16 * beat, (n + 1) * 16 * beat],
      ]);
      return { watchedMs, players: [player] };
    },
  },
  {
    name: '16-times-speed-from-where-it-counts',
    kind: 'time',
    async run(server, login) {
      const player = await begun(server, login(1));
      const watchedMs = await during(server, player, 5 * minute, () => onward(player, 16 * beat));
      return { watchedMs, players: [player] };
    },
  },
  {
    name: 'seek-ahead',
    kind: 'time',
    async run(server, login) {
      const player = await begun(server, login(1));
      const at = lessonMs - 2 * minute;
      await during(server, player, 2 * minute, (n) => [[at + n * beat, at + (n + 1) * beat]]);
      return { watchedMs: 0, players: [player] };
    },
  },
  {
    name: 'report-of-99999-s',
    kind: 'time',
    async run(server, login) {
      const player = await begun(server, login(1));
      server.pass(beat);
      await player.report([[0, 86_399_999]]);
      return { watchedMs: beat, players: [player] };
    },
  },
  {
    name: 'finished-by-api-at-once',
    kind: 'time',
    async run(server, login) {
      const player = await begun(server, login(1));
      for (let n = 0; n < lessonMs / minute; n++) await player.report([[n * minute, (n + 1) * minute]]);
      return { watchedMs: 0, players: [player] };
    },
  },
  {
    name: 'clock-set-forward',
    kind: 'time',
    async run(server, login) {
      // The page believes that an hour has passed, and says so: the server's time has not.
      const player = await begun(server, login(1));
      server.pass(beat);
      for (let n = 0; n < 8; n++) await player.report([[n * 5 * minute, (n + 1) * 5 * minute]]);
      return { watchedMs: beat, players: [player] };
    },
  },
  {
    name: 'manifest-tampered-to-be-short',
    kind: 'time',
    async run(server, login) {
      // A playlist of ten seconds that claims to be the lesson: its end is reached again and again.
      const player = await begun(server, login(1));
      const watchedMs = await during(server, player, minute, () => [[0, lessonMs]]);
      return { watchedMs, players: [player] };
    },
  },
  {
    name: 'replayed-and-reordered',
    kind: 'time',
    async run(server, login) {
      const player = await begun(server, login(1));
      await during(server, player, minute, () => onward(player));
      for (let n = 0; n < 3; n++)
        for (const seq of [6, 3, 1, 5]) await player.report([[0, 5 * minute]], { seq });
      return { watchedMs: minute, players: [player] };
    },
  },
  {
    name: 'two-pages',
    kind: 'time',
    async run(server, login) {
      const one = await begun(server, login(1));
      const other = await begun(server, login(1), 0, one.token());
      for (let n = 0; n < 12; n++) {
        server.pass(beat);
        for (const page of [one, other]) {
          if (page.standing?.challenge) await page.click('right');
          await page.report(onward(page), { stale: true });
        }
      }
      return { watchedMs: 2 * minute, players: [one, other] };
    },
  },
  {
    name: 'five-devices',
    kind: 'time',
    async run(server, login) {
      const devices: Player[] = [];
      for (let n = 0; n < 5; n++) devices.push(await begun(server, login(1)));
      for (let n = 0; n < 12; n++) {
        server.pass(beat);
        await Promise.all(devices.map((device) => device.report(onward(device), { stale: true })));
      }
      return { watchedMs: 2 * minute, players: devices };
    },
  },
  {
    name: 'focus-listeners-removed',
    kind: 'time',
    async run(server, login) {
      // It plays on behind another window; the page still says that it is hidden.
      const player = await begun(server, login(1));
      for (let n = 0; n < 30; n++) {
        server.pass(beat);
        await player.report(onward(player), { visible: false });
      }
      return { watchedMs: 0, players: [player] };
    },
  },
  {
    name: 'visibility-faked',
    kind: 'person',
    async run(server, login) {
      const player = await begun(server, login(1));
      for (let n = 0; n < 180; n++) {
        server.pass(beat);
        await player.report(onward(player));
      }
      return { watchedMs: 0, players: [player] };
    },
  },
  {
    name: 'challenge-blocked',
    kind: 'person',
    async run(server, login) {
      const player = await begun(server, login(1));
      for (let n = 0; n < 240; n++) {
        server.pass(beat);
        // The dialog is taken out of the page, and the picture goes on.
        await player.report([[n * beat, (n + 1) * beat]]);
      }
      return { watchedMs: 0, players: [player] };
    },
  },
  {
    name: 'challenge-auto-clicked',
    kind: 'person',
    async run(server, login) {
      const player = await begun(server, login(1), 12);
      for (let n = 0; n < 180; n++) {
        if (player.standing?.challenge || player.standing?.locked) await player.click('first');
        server.pass(beat);
        await player.report(onward(player));
      }
      return { watchedMs: 0, players: [player] };
    },
  },
  {
    name: 'two-accounts-in-one-browser',
    kind: 'person',
    async run(server, login) {
      const own = await begun(server, login(1));
      const other = await begun(server, login(2));
      for (let n = 0; n < 180; n++) {
        server.pass(beat);
        if (own.standing?.challenge) await own.click('right');
        await own.report(onward(own));
        // Nobody looks at the second one.
        await other.report(onward(other));
      }
      return { watchedMs: 180 * beat, players: [own, other] };
    },
  },
];
