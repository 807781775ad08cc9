import { closeVisitsOfDeadNode, intervalsOfPerson, visitsOfClass } from '@keshi/db/presence';
import { beforeEach, describe, expect, test } from 'vitest';
import { enter, openPage, ticketFor } from './harness.ts';
import { useClass } from './setup.ts';

const stage = useClass();
const second = 1_000;

/** Time that passes between two messages of a page. */
function wait(seconds: number): void {
  stage.node.clock.offset += seconds * second;
}

async function intervals(n = 0) {
  const rows = await intervalsOfPerson(stage.world.db, stage.classId, stage.learner(n).id);
  return rows.map(({ from, lastProof, cause }) => ({
    seconds: Math.round((lastProof - from) / second),
    cause,
  }));
}

describe('presence facts', () => {
  beforeEach(() => {
    stage.node.clock.stoppedAt = Date.now();
  });

  test('[AT1] joining, beats, messages and leaving are proofs, to the second', async () => {
    const page = await stage.enterLearner();
    for (let n = 0; n < 3; n += 1) {
      wait(10);
      await page.beat();
    }
    wait(20);
    await page.send('hand.raise', {});
    wait(25);
    await page.send('leave', {});
    await expect.poll(() => intervals(), { timeout: 5_000 }).toEqual([{ seconds: 75, cause: 'left' }]);
    const [visit] = await visitsOfClass(stage.world.db, stage.classId);
    expect(visit).toMatchObject({ role: 'attendee', rttMs: 12, closed: { cause: 'left' } });
  });

  test('[AT2] a gap of more than 30 s ends an interval at its last proof; a lost connection as well', async () => {
    const page = await stage.enterLearner();
    wait(10);
    await page.beat();
    wait(31);
    await page.beat();
    await page.send('hand.lower', {});
    wait(10);
    await page.send('hand.raise', {});
    wait(20);
    page.close();
    await expect
      .poll(() => intervals(), { timeout: 5_000 })
      .toEqual([
        { seconds: 10, cause: 'lost' },
        { seconds: 10, cause: 'lost' },
      ]);
  });

  test('[AT1] a hidden page proves nothing', async () => {
    const page = await stage.enterLearner();
    wait(5);
    await page.beat();
    await page.beat(false);
    await page.message('counted', ({ reason }) => reason === 'not-started');
    wait(40);
    await page.beat(false);
    await expect.poll(() => intervals(), { timeout: 5_000 }).toEqual([{ seconds: 5, cause: 'hidden' }]);
    wait(5);
    await page.beat(true);
    await expect.poll(async () => (await intervals()).length, { timeout: 5_000 }).toBe(2);
  });

  test('[AT2] a page hidden for at most 30 s between two proofs loses nothing, and until then the chip says hidden', async () => {
    const host = await stage.enterHost();
    await host.send('class.start', {});
    const page = await stage.enterLearner();
    wait(10);
    await page.beat();
    await page.beat(false);
    wait(20);
    await page.beat(false);
    const hidden = await page.message('counted', ({ reason }) => reason === 'hidden');
    expect(hidden).toMatchObject({ counting: false, countedMs: 10 * second });
    await page.beat(true);
    // The only allowance of AT2: what matters is how far apart the proofs are, not why.
    await page.message('counted', ({ counting, countedMs }) => counting && countedMs === 30 * second);

    await page.beat(false);
    wait(31);
    await page.beat(true);
    await page.message('counted', ({ counting, countedMs }) => counting && countedMs === 30 * second);
    wait(5);
    await page.beat();
    page.close();
    await expect
      .poll(() => intervals(), { timeout: 5_000 })
      .toEqual([
        { seconds: 30, cause: 'hidden' },
        { seconds: 5, cause: 'lost' },
      ]);
  });

  test('[AT1] pause and end of the class are proofs', async () => {
    const host = await stage.enterHost();
    const page = await stage.enterLearner();
    await host.send('class.start', {});
    wait(20);
    await host.send('class.pause', {});
    await page.event('class.changed', (e) => e.class.state === 'paused');
    wait(20);
    await host.send('class.resume', {});
    await page.beat();
    wait(20);
    await host.send('class.end', {});
    await page.event('class.changed', (e) => e.class.state === 'ended');
    await expect
      .poll(() => intervals(), { timeout: 5_000 })
      .toEqual([
        { seconds: 20, cause: 'paused' },
        { seconds: 40, cause: 'ended' },
      ]);
    const counted = await page.message('counted', ({ reason }) => reason === 'ended');
    expect(Math.round(counted.countedMs / second)).toBe(40);
  });

  test('[AT3] a reconnect never counts twice', async () => {
    const host = await stage.enterHost();
    await host.send('class.start', {});
    const first = await stage.enterLearner();
    wait(10);
    await first.beat();
    const again = await stage.enterLearner();
    await first.message('goodbye');
    wait(10);
    await again.beat();
    await again.message('counted', ({ counting, reason }) => counting && reason === 'counting');
    await host.send('class.pause', {});
    const counted = await again.message('counted', ({ reason }) => reason === 'paused');
    expect(Math.round(counted.countedMs / second)).toBe(20);
    await expect
      .poll(async () => (await intervals()).map(({ cause }) => cause), { timeout: 5_000 })
      .toContain('replaced');
  });

  test('the chip follows what happens at once', async () => {
    const host = await stage.enterHost();
    const page = await stage.enterLearner();
    const { snapshot } = await page.join();
    expect(snapshot.counted).toMatchObject({ reason: 'not-started', counting: false });
    await host.send('class.start', {});
    await page.message('counted', ({ reason }) => reason === 'counting');
    wait(1);
    await page.beat(false);
    expect(await page.message('counted', ({ reason }) => reason === 'hidden')).toMatchObject({
      counting: false,
    });
    await host.send('class.pause', {});
    await page.message('counted', ({ reason }) => reason === 'paused');
  });

  test('[AT9] a node that was taken for dead and lives goes on with new visits: nobody is offline who is there', async () => {
    const { db } = stage.world;
    const host = await stage.enterHost();
    await host.send('class.start', {});
    const page = await stage.enterLearner();
    wait(10);
    await page.beat();
    await expect.poll(() => intervals(), { timeout: 5_000 }).toEqual([{ seconds: 10, cause: 'open' }]);
    const { nodeId } = stage.node.signaling;
    await stage.node.state.registry.withdraw('signaling', nodeId);
    await closeVisitsOfDeadNode(db, nodeId);
    const open = async () =>
      (await visitsOfClass(db, stage.classId)).filter(
        ({ userId, closed }) => userId === stage.learner().id && !closed,
      );
    expect(await open()).toHaveLength(0);
    await expect.poll(open, { timeout: 10_000 }).toHaveLength(1);
    wait(10);
    await page.beat();
    await host.send('board.watch', { watch: true });
    await host.message('board', ({ totals }) => totals.present === 1);
    await host.send('class.end', {});
    const counted = await page.message('counted', ({ reason }) => reason === 'ended');
    expect(counted.countedMs).toBe(20 * second);
  });

  test('hosts and observers are on record and never counted', async () => {
    const host = await stage.enterHost();
    const observer = await stage.enterObserver();
    await host.beat();
    await observer.beat();
    await expect
      .poll(async () => (await visitsOfClass(stage.world.db, stage.classId)).map(({ role }) => role).sort(), {
        timeout: 5_000,
      })
      .toEqual(['host', 'observer']);
    expect(await stage.world.db.prisma.presenceInterval.count({ where: { classId: stage.classId } })).toBe(0);
    expect(host.heard('counted')).toEqual([]);
  });

  test('[AT2] a connection that says nothing for minutes is let go of; one that beats stays', async () => {
    const silent = await stage.enterLearner(0);
    const page = await stage.enterLearner(1);
    for (let n = 0; n < 2; n += 1) {
      wait(100);
      await page.beat();
    }
    await expect.poll(() => silent.socket.connected, { timeout: 15_000 }).toBe(false);
    expect(page.socket.connected).toBe(true);
    expect(await intervals()).toEqual([{ seconds: 0, cause: 'lost' }]);
  });

  test('[AT3] what counted before the page came back is in the chip', async () => {
    const host = await stage.enterHost();
    await host.send('class.start', {});
    const page = await stage.enterLearner();
    wait(20);
    await page.send('hand.raise', {});
    await page.send('leave', {});
    await expect.poll(() => intervals(), { timeout: 5_000 }).toHaveLength(1);
    wait(300);
    const back = await openPage(stage.node.url, ticketFor(stage.learner(), stage.classId, { exp: 1e11 }));
    await back.join();
    const counted = await back.message('counted', ({ countedMs }) => countedMs > 10 * second);
    expect(Math.round(counted.countedMs / second)).toBe(20);
  });
});

describe('the board', () => {
  test('moves within two seconds of what happens, masked for observers', async () => {
    const host = await stage.enterHost();
    const observer = await stage.enterObserver();
    await host.send('class.start', {});
    const full = await host.send('board.watch', { watch: true });
    expect(full.rows.map(({ state }) => state)).toEqual(['offline', 'offline', 'offline']);
    expect(full.totals).toMatchObject({ expected: 3, present: 0, state: 'live' });
    const masked = await observer.send('board.watch', { watch: true });
    expect(masked.rows.every(({ name }) => !full.rows.some((row) => row.name === name))).toBe(true);

    const began = performance.now();
    const page = await enter(stage.node, stage.learner(1), stage.classId);
    const { totals, rows } = await host.message('board', (board) => board.totals.present === 1);
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(totals.offline).toBe(2);
    expect(rows.find((row) => row.userId === stage.learner(1).id)).toMatchObject({
      state: 'present',
      name: '学员2号',
      device: 'desktop',
    });
    await observer.message('board', (board) => board.totals.present === 1);

    await page.beat(false);
    await host.message('board', (board) => board.totals.away === 1);
    await page.send('leave', {});
    await host.message('board', (board) => board.totals.present + board.totals.away === 0);

    await host.send('board.watch', { watch: false });
    const told = host.heard('board').length;
    await enter(stage.node, stage.learner(2), stage.classId);
    await observer.message('board', (board) => board.totals.present === 1);
    expect(host.heard('board').length).toBe(told);
  });

  test('tells the totals every two seconds while nothing happens, so that silence means a lost connection', async () => {
    const host = await stage.enterHost();
    await host.send('class.start', {});
    const { totals } = await host.send('board.watch', { watch: true });
    const quiet = await host.message(
      'board',
      (board) => board.rows.length === 0 && board.totals.at > totals.at,
    );
    const next = await host.message('board', (board) => board.totals.at > quiet.totals.at);
    expect(next.totals.at - quiet.totals.at).toBeLessThan(3_500);
  });

  test('quiz results are in the rows', async () => {
    const host = await stage.enterHost();
    const page = await stage.enterLearner();
    await host.send('class.start', {});
    await page.beat();
    await host.send('board.watch', { watch: true });
    const { quizId } = await host.send('quiz.open', {
      kind: 'single',
      stem: '一加一',
      options: ['1', '2'],
      correct: [1],
      seconds: 60,
    });
    await page.send('quiz.answer', { quizId, choice: [1] });
    wait(1);
    await page.beat();
    await host.message('board', ({ rows }) =>
      rows.some((r) => r.userId === stage.learner().id && r.quizAnswered === 1 && r.quizCorrect === 1),
    );
  });
});
