/** What is counted with each change is what is there, and costs a class of thousands no more than a class of ten. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Presence } from '../src/coordinator/classroom.ts';
import { createDraft } from '../src/coordinator/draft.ts';
import { IndexedMap } from '../src/coordinator/indexed-map.ts';
import { countsView } from '../src/coordinator/views.ts';
import { enter, openPage, startNode, ticketFor } from './harness.ts';
import { useClass } from './setup.ts';

describe('a map that knows its entries of a kind', () => {
  test('says what going through all of it says, whatever is set, removed and taken back', () => {
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const map = new IndexedMap<number, number, 'even' | 'large'>(
      { even: (value) => value % 2 === 0, large: (value) => value >= 5 },
      [
        [0, 4],
        [1, 7],
      ],
    );
    const ofAll = (is: (value: number) => boolean) =>
      [...map]
        .filter(([, value]) => is(value))
        .map(([key]) => key)
        .sort();
    for (let round = 0; round < 2_000; round += 1) {
      const draft = createDraft();
      for (let step = random(5); step >= 0; step -= 1)
        if (random(3) === 0) draft.delete(map, random(8));
        else draft.set(map, random(8), random(10));
      if (random(2) === 0) draft.undo();
      expect([...map.keysOf('even')].sort()).toEqual(ofAll((value) => value % 2 === 0));
      expect([...map.keysOf('large')].sort()).toEqual(ofAll((value) => value >= 5));
    }
    map.clear();
    expect(map.keysOf('even').size + map.keysOf('large').size).toBe(0);
  });
});

class NeverWalked<K, V, Kind extends string> extends IndexedMap<K, V, Kind> {
  override values(): never {
    throw new Error('a whole class was gone through');
  }
  override entries(): never {
    return this.values();
  }
  override [Symbol.iterator](): never {
    return this.values();
  }
  override forEach(): never {
    return this.values();
  }
}

test('counts are known without going through the class', () => {
  const online = new NeverWalked<string, Presence, 'attendee'>({
    attendee: ({ person }) => person.role === 'attendee',
  });
  const room: Parameters<typeof countsView>[0] = {
    online,
    members: new NeverWalked({ hand: () => true, stage: () => true }),
    questions: new NeverWalked({ open: () => true }),
    enrolled: new Map([['x', 'x']]),
    overflow: { squeezed: 1, files: 2 },
  };
  for (const [n, role] of (['host', 'attendee', 'attendee'] as const).entries())
    online.set(`${n}`, {
      person: { userId: `${n}`, name: '', role },
      connectionId: '',
      nodeId: '',
      media: { kind: 'none' },
    });
  expect(countsView(room)).toEqual({
    online: 2,
    expected: 1,
    hands: 0,
    openQuestions: 0,
    squeezed: 1,
    files: 2,
  });
});

describe('a class', () => {
  const stage = useClass();
  const question = (text: string) => ({ clientId: randomUUID(), text });

  test('tells learners of questions, and of who comes and goes only those who look after them', async () => {
    const host = await stage.enterHost();
    const one = await stage.enterLearner(0);
    await stage.enterLearner(1);
    await one.send('hand.raise', {});
    await host.message('counts', ({ online, hands }) => online === 2 && hands === 1);
    expect(one.heard('counts')).toEqual([]);
    await one.send('question.ask', question('一'));
    await one.message('counts', ({ openQuestions }) => openQuestions === 1);
    expect(one.heard('counts')).toHaveLength(1);
  });

  test('[AT3] its counts follow hands, questions, second tabs and leaving, and the next node counts the same', async () => {
    const host = await stage.enterHost();
    const counts = async () => {
      const { snapshot } = await (
        await openPage(stage.node.url, ticketFor(stage.world.observer, stage.classId))
      ).join();
      const { online, hands, openQuestions } = snapshot.counts;
      expect(snapshot.hands).toHaveLength(hands);
      return { online, hands, openQuestions };
    };
    await host.send('class.start', {});
    const [one, two] = [await stage.enterLearner(0), await stage.enterLearner(1)];
    await one.send('hand.raise', {});
    await two.send('hand.raise', {});
    const { id: first } = await one.send('question.ask', question('一'));
    const { id: second } = await two.send('question.ask', question('二'));
    await one.send('question.ask', question('三'));
    expect(await counts()).toEqual({ online: 2, hands: 2, openQuestions: 3 });
    await host.send('question.answer', { id: first, mode: 'done' });
    await host.send('question.delete', { id: second });
    await host.send('stage.invite', { userId: stage.learner(0).id });
    const again = await stage.enterLearner(1);
    expect(await counts()).toEqual({ online: 2, hands: 1, openQuestions: 1 });
    await again.send('leave', {});
    await expect.poll(counts, { timeout: 5_000 }).toMatchObject({ online: 1 });
    const before = await counts();
    await stage.node.signaling.close();
    const next = await startNode(stage.world.db);
    try {
      const { snapshot } = await (await enter(next, stage.world.host, stage.classId)).join();
      expect(snapshot.counts).toMatchObject({ ...before, online: 0 });
      expect(snapshot.stage.map(({ userId, state }) => [userId, state])).toContainEqual([
        stage.learner(0).id,
        'invited',
      ]);
    } finally {
      await next.close();
    }
  });
});
