/** A cohort that writes one exam: opens within a time, saves again and again, hands in within the last; through a crash. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Candidate } from './cohort.ts';
import { type Answer, post, type Target } from './requests.ts';

const opened = z.object({
  paper: z.object({
    id: z.string(),
    lease: z.number(),
    questions: z.array(z.object({ position: z.number(), item: z.object({ options: z.array(z.string()) }) })),
  }),
});

/** What one candidate was told is stored. */
export interface Written {
  userId: string;
  attemptId: string;
  lease: number;
  /** The choice that was acknowledged last, by position. */
  acknowledged: Map<number, number>;
  submitted: boolean;
}

export interface Times {
  openMs: number[];
  saveMs: number[];
  submitMs: number[];
}

export interface SittingPlan {
  openWithinMs: number;
  saveEveryMs: number;
  /** From the first opening to the first who hands in. */
  writeMs: number;
  submitWithinMs: number;
}

/** Answers that could be had again by asking once more are asked for again; times of those are not counted. */
const againMs = 500;
const patienceMs = 120_000;

async function insist(send: () => Promise<Answer>): Promise<{ answer: Answer; firstTry: boolean }> {
  const until = Date.now() + patienceMs;
  for (let attempt = 0; ; attempt++) {
    const answer = await send().catch(() => null);
    if (answer && answer.status < 500 && answer.status !== 429) return { answer, firstTry: attempt === 0 };
    if (Date.now() > until) throw new Error(`no answer in time: ${answer?.status ?? 'connection lost'}`);
    await delay(againMs + Math.random() * againMs);
  }
}

export async function sit(
  target: Target,
  of: { examId: string; candidates: readonly Candidate[] },
  plan: SittingPlan,
): Promise<{ written: Written[]; times: Times }> {
  const times: Times = { openMs: [], saveMs: [], submitMs: [] };
  const from = Date.now();
  const at = (ms: number) => delay(Math.max(0, from + ms - Date.now()));

  async function timed(into: number[], send: () => Promise<Answer>): Promise<Answer> {
    const began = performance.now();
    const { answer, firstTry } = await insist(send);
    if (firstTry) into.push(performance.now() - began);
    return answer;
  }

  async function one({ token, userId }: Candidate, place: number): Promise<Written> {
    await at(place * plan.openWithinMs);
    const open = await timed(times.openMs, () =>
      post(target, `/api/exams/${of.examId}/attempt`, token, undefined),
    );
    const { paper } = opened.parse(open.body);
    const acknowledged = new Map<number, number>();
    const submitAt = plan.writeMs + place * plan.submitWithinMs;
    for (let sequence = 1, next = place * plan.openWithinMs + plan.saveEveryMs; next < submitAt; sequence++) {
      await at(next);
      const position = (sequence * 7) % paper.questions.length;
      const choice = ((sequence + place * 100) % 4) | 0;
      const body = {
        lease: paper.lease,
        sequence,
        visible: true,
        answers: [{ position, answer: { kind: 'single', choice: [choice] } }],
      };
      const saved = await timed(times.saveMs, () =>
        post(target, `/api/attempts/${paper.id}/saves`, token, body),
      );
      if (saved.status !== 200) throw new Error(`a save was refused: ${JSON.stringify(saved.body)}`);
      acknowledged.set(position, choice);
      next = Math.max(next + plan.saveEveryMs, Date.now() - from);
    }
    await at(submitAt);
    const body = { lease: paper.lease };
    const done = await timed(times.submitMs, () =>
      post(target, `/api/attempts/${paper.id}/submit`, token, body),
    );
    return { userId, attemptId: paper.id, lease: paper.lease, acknowledged, submitted: done.status === 200 };
  }

  const written = await Promise.all(
    of.candidates.map((candidate, n) => one(candidate, n / of.candidates.length)),
  );
  return { written, times };
}
