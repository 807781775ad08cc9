import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { AppError } from '../src/errors.ts';
import { type Link, type LinkContract, LinkError } from '../src/link/link.ts';

export const testContract = {
  requests: {
    double: { params: z.object({ n: z.number() }), result: z.object({ n: z.number() }) },
    store: { params: z.object({ text: z.string() }), result: z.object({ bytes: z.number() }) },
    slow: { params: z.object({}), result: z.object({}) },
    list: { params: z.object({}), result: z.object({ items: z.array(z.string()) }) },
  },
  events: { tick: z.object({ n: z.number() }), tock: z.object({ n: z.number() }) },
} satisfies LinkContract;
export type TestContract = typeof testContract;

export const maxMessageBytes = 4_096;

export interface LinkPair {
  near: Link<TestContract>;
  far: Link<TestContract>;
  /** Lets go of whatever carries the link. */
  release(): Promise<void>;
}

export const failureOf = (error: unknown) => (error instanceof LinkError ? error.failure : error);

/** The promises of link.ts, for each way of joining two services. */
export function describeLink(name: string, open: () => Promise<LinkPair>): void {
  describe(`link: ${name}`, () => {
    let near: Link<TestContract>;
    let far: Link<TestContract>;
    let release: () => Promise<void>;
    beforeEach(async () => {
      ({ near, far, release } = await open());
    });
    afterEach(async () => {
      await near.close();
      await far.close();
      await release();
    });

    test('either end asks, the other answers', async () => {
      far.handle('double', ({ n }) => ({ n: n * 2 }));
      near.handle('double', async ({ n }) => ({ n: n * 20 }));
      const answer = await near.request('double', { n: 21 });
      expectTypeOf(answer).toEqualTypeOf<{ n: number }>();
      expect(answer).toEqual({ n: 42 });
      expect(await far.request('double', { n: 21 })).toEqual({ n: 420 });
      expect(near.state).toEqual({ kind: 'open' });
    });

    test('commands and events start in the order they were sent, answers included', async () => {
      const seen: string[] = [];
      far.handle('double', ({ n }) => {
        seen.push(`request ${n}`);
        far.emit('tock', { n });
        return { n };
      });
      far.on('tick', ({ n }) => seen.push(`event ${n}`));
      const back: string[] = [];
      near.on('tock', ({ n }) => back.push(`tock ${n}`));
      const expected: string[] = [];
      const expectedBack: string[] = [];
      const answers: Promise<void>[] = [];
      for (let n = 0; n < 100; n += 1) {
        near.emit('tick', { n });
        answers.push(near.request('double', { n }).then((result) => void back.push(`answer ${result.n}`)));
        expected.push(`event ${n}`, `request ${n}`);
        expectedBack.push(`tock ${n}`, `answer ${n}`);
      }
      await Promise.all(answers);
      expect(seen).toEqual(expected);
      expect(back).toEqual(expectedBack);
    });

    test('a handler that waits does not hold up the next command', async () => {
      const gate = Promise.withResolvers<Record<string, never>>();
      far.handle('slow', () => gate.promise);
      far.handle('double', ({ n }) => ({ n }));
      const slow = near.request('slow', {});
      expect(await near.request('double', { n: 1 })).toEqual({ n: 1 });
      gate.resolve({});
      expect(await slow).toEqual({});
    });

    test('a refusal crosses with its code, the unexpected only as internal with an id', async () => {
      far.handle('double', () => {
        throw new AppError('media-refused', { message: 'no such codec', retryMs: 5 });
      });
      far.handle('slow', () => {
        throw new Error('a secret detail');
      });
      await expect(near.request('double', { n: 1 })).rejects.toMatchObject({
        code: 'media-refused',
        message: 'no such codec',
        retryMs: 5,
      });
      const thrown: unknown = await near.request('slow', {}).catch((error: unknown) => error);
      expect(thrown).toMatchObject({ code: 'internal', id: expect.stringMatching(/^[0-9a-f]{12}$/) });
      expect(String(thrown)).not.toContain('secret detail');
    });

    test('nobody handles it: refused, and the link goes on', async () => {
      await expect(near.request('double', { n: 1 })).rejects.toMatchObject({ code: 'unknown-event' });
      const remove = far.handle('double', ({ n }) => ({ n }));
      expect(() => far.handle('double', ({ n }) => ({ n }))).toThrow('handled already');
      expect(await near.request('double', { n: 1 })).toEqual({ n: 1 });
      remove();
      await expect(near.request('double', { n: 1 })).rejects.toMatchObject({ code: 'unknown-event' });
    });

    test('no answer in time', async () => {
      far.handle('slow', () => new Promise(() => {}));
      expect(await near.request('slow', {}, { timeoutMs: 30 }).catch(failureOf)).toBe('timeout');
    });

    test('what is too large is not sent, in either direction, and the link goes on', async () => {
      far.handle('store', ({ text }) => ({ bytes: text.length }));
      const large = 'x'.repeat(maxMessageBytes);
      expect(await near.request('store', { text: large }).catch(failureOf)).toBe('too-large');
      expect(await near.request('store', { text: 'small' })).toEqual({ bytes: 5 });
      far.handle('list', () => ({ items: [large] }));
      await expect(near.request('list', {})).rejects.toMatchObject({ code: 'too-large' });
      expect(await near.request('store', { text: 'small' })).toEqual({ bytes: 5 });
    });

    test('a throwing listener disturbs no other', async () => {
      const seen: number[] = [];
      far.on('tick', () => {
        throw new Error('on purpose');
      });
      const off = far.on('tick', ({ n }) => seen.push(n));
      far.handle('slow', () => ({}));
      near.emit('tick', { n: 1 });
      await near.request('slow', {});
      off();
      near.emit('tick', { n: 2 });
      await near.request('slow', {});
      expect(seen).toEqual([1]);
    });

    test('closing one end closes the other, rejects what is in flight and refuses what comes after', async () => {
      const taken = Promise.withResolvers<void>();
      far.handle('slow', () => {
        taken.resolve();
        return new Promise(() => {});
      });
      const asked = near.request('slow', {}).catch(failureOf);
      await taken.promise;
      await near.close();
      await near.close();
      expect(await asked).toBe('down');
      expect(await near.closed).toBe('closed');
      expect(await far.closed).toBe('closed-by-peer');
      expect(near.emit('tick', { n: 1 })).toBe(false);
      expect(await near.request('slow', {}).catch(failureOf)).toBe('down');
      expect(far.state).toEqual({ kind: 'closed', reason: 'closed-by-peer' });
    });
  });
}
