/** A small load from end to end: the cluster, k6, the lean holder, and what they say together. */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { ensureK6 } from '../../start/k6/install.mjs';
import { buildGoTool } from '../src/go-tool.ts';
import { examStart } from '../src/http-load/exam-start.ts';
import { studyProgress } from '../src/http-load/study-progress.ts';
import { mergeSummaries, type Programs } from '../src/load/generators.ts';
import { runLoad } from '../src/load/run-load.ts';
import { holdOf, scenarioNames, scenarioOf, type LoadScenario } from '../src/load/scenarios.ts';

let programs: Programs;
beforeAll(async () => {
  programs = { k6: await ensureK6(), holder: await buildGoTool('holder') };
}, 600_000);

const learners = 60;
const beside = 20;
const lively = {
  chatPerSecond: 10,
  chatMs: 4_000,
  chatters: 20,
  announcements: 3,
  questions: 2,
  votes: 5,
  quizWithinMs: 2_000,
};
const scenario: LoadScenario = {
  name: 'small',
  says: 'a class of sixty beside one of twenty, whose members come and go',
  script: 'class.ts',
  classes: [learners, beside],
  arrival: 'together',
  observers: 1,
  heartbeatMs: null,
  sampledByK6: 7,
  rampMs: 2_000,
  holdMs: holdOf(lively),
  lively,
  churnPercent: 300,
  stormAfterMs: null,
};
const storm: LoadScenario = {
  ...scenario,
  name: 'storm',
  says: 'all nodes are killed, and everybody comes back',
  script: 'online.ts',
  sampledByK6: 12,
  holdMs: 45_000,
  lively: null,
  churnPercent: 0,
  stormAfterMs: 1_000,
};

test(
  '[A2] a class of sixty chats, asks and answers, and every member hears everything',
  { timeout: 180_000 },
  async () => {
    const { figures, crossed, playedBy, samples } = await runLoad({
      scenario,
      programs,
      profileInto: null,
      signal: new AbortController().signal,
      say: () => undefined,
    });
    expect(crossed).toEqual([]);
    // Two teach, one watches.
    const members = learners + beside + 3;
    expect(playedBy).toEqual({
      k6: { members: 30, processes: 1 },
      holder: { members: members - 30, processes: 1 },
    });
    const count = (name: string) => figures[name]?.count ?? 0;
    expect(count('churned')).toBeGreaterThan(0);
    expect(count('joined')).toBeGreaterThan(members);
    expect(count('joined')).toBeLessThanOrEqual(members + count('churned'));
    expect(count('quiz_answers')).toBe(learners);
    // Each learner hears each announcement.
    expect(count('broadcasts_heard')).toBe(lively.announcements * learners);
    expect(count('chat_ack_ms')).toBe((lively.chatPerSecond * lively.chatMs) / 1_000);
    expect(count('unexpected_disconnects')).toBe(0);
    expect(count('board_gap_ms')).toBeGreaterThan(0);
    expect(samples.length).toBeGreaterThan(5);
  },
);

test(
  '[A2] after all signaling nodes were killed everybody comes back by themselves, once',
  { timeout: 180_000 },
  async () => {
    const { figures, crossed } = await runLoad({
      scenario: storm,
      programs,
      profileInto: null,
      signal: new AbortController().signal,
      say: () => undefined,
    });
    expect(crossed).toEqual([]);
    const members = learners + beside + 3;
    expect(figures['joined']?.count).toBe(members);
    expect(figures['storm_disconnects']?.count).toBe(members);
    expect(figures['rejoined']?.count).toBe(members);
  },
);

test('counts of generators are added, the slowest generator’s times are told, and what was crossed is named', () => {
  const one = {
    joined: { type: 'counter', values: { count: 3 }, thresholds: { 'count>=3': { ok: true } } },
    join_ms: { type: 'trend', values: { count: 3, med: 20, 'p(99)': 90 } },
  } as const;
  const other = {
    joined: { type: 'counter', values: { count: 1 }, thresholds: { 'count>=2': { ok: false } } },
    join_ms: { type: 'trend', values: { count: 1, med: 40, 'p(99)': 40 } },
  } as const;
  expect(mergeSummaries([one, other])).toEqual({
    figures: { joined: { count: 4 }, join_ms: { count: 4, med: 40, 'p(99)': 90 } },
    crossed: ['joined: count>=2'],
  });
});

test.each(scenarioNames)(
  '%s at full scale has the size its name says, and is smaller at a smaller scale',
  (name) => {
    const people = (scale: number) =>
      scenarioOf(name, scale)?.classes.reduce((sum, size) => sum + size, 0) ?? Number.NaN;
    expect(people(1)).toBe(name === 'class-10k' ? 10_000 : 100_000);
    expect(people(0.01)).toBeLessThan(1_100);
    expect(scenarioOf(`${name}x`, 1)).toBeNull();
  },
);

test('a load that is ended leaves nothing behind that it started', { timeout: 60_000 }, async () => {
  const ended = new AbortController();
  await expect(
    runLoad({
      scenario,
      programs,
      profileInto: null,
      signal: ended.signal,
      say: (line) => line.includes('set out') && ended.abort(),
    }),
  ).rejects.toThrow('the load was ended');
  const own = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === process.pid);
  expect(own.filter((pid) => /holder|k6|redis|postgres|signaling/.test(commandOf(pid)))).toEqual([]);
});

const parentOf = (pid: string) => Number(/^PPid:\s+(\d+)$/m.exec(readable(`/proc/${pid}/status`))?.[1]);
const commandOf = (pid: string) => readable(`/proc/${pid}/cmdline`);
function readable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended while it was looked at.
    return '';
  }
}

test(
  '[WL1] learners who report every ten seconds are answered, credited, and none of it is lost',
  { timeout: 180_000 },
  async () => {
    const { figures, crossed, settings } = await studyProgress.run({
      scale: 0.001,
      k6: programs.k6,
      signal: new AbortController().signal,
      say: () => undefined,
    });
    expect(crossed).toEqual([]);
    expect(settings.learners).toBe(100);
    const reports = figures['reports_answered']?.['count'] ?? 0;
    // Two of each, give or take the one at the end.
    expect(reports).toBeGreaterThanOrEqual(195);
    expect(figures['credited_ms']?.['count']).toBe(reports * 10_000);
    expect(figures['reports_lost']).toEqual({ value: 0 });
  },
);

test(
  '[EX2, EX3] a cohort opens its exam, saves and hands in over HTTP, and every answer stands once',
  { timeout: 240_000 },
  async () => {
    const { figures, crossed, settings } = await examStart.run({
      scale: 0.01,
      k6: programs.k6,
      signal: new AbortController().signal,
      say: () => undefined,
    });
    expect(crossed).toEqual([]);
    expect(settings).toMatchObject({ learners: 20, savesEach: 4 });
    const count = (name: string) => figures[name]?.['count'];
    expect([count('opened'), count('saves_answered'), count('submitted')]).toEqual([20, 80, 20]);
    expect([figures['answers_lost'], figures['answers_twice']]).toEqual([{ value: 0 }, { value: 0 }]);
  },
);
