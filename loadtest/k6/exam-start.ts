/**
 * A cohort that writes one exam as its pages do: each opens it, saves every so often whatever became of the saves of others,
 * asks again when it is not answered, and hands in. Many learners share a virtual user, which costs some MB.
 */
import { SharedArray } from 'k6/data';
import http, { type RefinedResponse } from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
import { setTimeout } from 'k6/timers';
import { choiceOf, type ExamStartSettings, positionOf } from '../src/http-load/exam-plan.ts';

/** @public k6 calls it. */
export { report as handleSummary } from './report.ts';

interface Learner {
  token: string;
  /** Among all of them, from 0. */
  place: number;
}

const path = __ENV['PLAN'] ?? '';
const shared = new SharedArray('plan', () => {
  const { settings, learners } = JSON.parse(open(path)) as {
    settings: ExamStartSettings;
    learners: Learner[];
  };
  return [settings, ...learners];
});
const settings = shared[0] as ExamStartSettings;
const { url, examId, learners, questions, openWithinMs, saveEveryMs, savesEach, vus } = settings;
const againMs = 1_000;
const askedAgainAtMost = 60;

/** From sending to the answer, ms, of what was answered at the first time of asking. */
const openMs = new Trend('open_ms', true);
const saveMs = new Trend('save_ms', true);
const submitMs = new Trend('submit_ms', true);
const opened = new Counter('opened');
const saved = new Counter('saves_answered');
const submitted = new Counter('submitted');
/** Asked for again, because nothing or `busy` was answered. */
const askedAgain = new Counter('asked_again');
const refused = new Counter('refused');

/** @public k6 reads it. */
export const options = {
  scenarios: {
    cohort: {
      executor: 'per-vu-iterations',
      vus,
      iterations: 1,
      maxDuration: `${Math.ceil((openWithinMs + saveEveryMs * (savesEach + 2)) / 1_000) + 120}s`,
      gracefulStop: '10s',
    },
  },
  summaryTrendStats: ['count', 'min', 'med', 'p(95)', 'p(99)', 'max'],
  thresholds: {
    opened: [`count==${learners}`],
    saves_answered: [`count==${learners * savesEach}`],
    submitted: [`count==${learners}`],
    refused: ['count==0'],
    open_ms: ['p(99)<2000'],
    save_ms: ['p(99)<2000'],
    submit_ms: ['p(99)<2000'],
  },
};

const until = (at: number) =>
  new Promise<void>((resolve) => setTimeout(() => resolve(), Math.max(0, at - Date.now())));

/** Null when it was refused, or nobody answered for a long while. */
async function ask(
  { token }: Learner,
  address: string,
  body: object | null,
  took: Trend,
): Promise<RefinedResponse<'text'> | null> {
  for (let turn = 0; turn <= askedAgainAtMost; turn++) {
    const answer = await http.asyncRequest('POST', url + address, body && JSON.stringify(body), {
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      responseType: 'text',
      timeout: '20s',
      tags: { name: address.split('/').at(-1) ?? '' },
    });
    if (answer.status >= 200 && answer.status < 300) {
      if (turn === 0) took.add(answer.timings.duration);
      return answer;
    }
    if (answer.status !== 0 && answer.status < 500 && answer.status !== 429) break;
    askedAgain.add(1);
    await until(Date.now() + againMs);
  }
  refused.add(1);
  return null;
}

async function write(learner: Learner, beginsAt: number): Promise<void> {
  const opensAt = beginsAt + (learner.place / learners) * openWithinMs;
  await until(opensAt);
  const open = await ask(learner, `/api/exams/${examId}/attempt`, null, openMs);
  if (!open) return;
  const { state, paper } = open.json() as { state: string; paper: { id: string; lease: number } };
  if (state !== 'open') return refused.add(1);
  opened.add(1);
  for (let sequence = 1; sequence <= savesEach; sequence++) {
    await until(opensAt + sequence * saveEveryMs);
    const answer = { kind: 'single', choice: [choiceOf(learner.place, sequence)] };
    const body = {
      lease: paper.lease,
      sequence,
      visible: true,
      answers: [{ position: positionOf(sequence, questions), answer }],
    };
    const reply = await ask(learner, `/api/attempts/${paper.id}/saves`, body, saveMs);
    if (!reply) return;
    if (reply.json('standing') === 'accepted') saved.add(1);
    else refused.add(1);
  }
  await until(opensAt + (savesEach + 1) * saveEveryMs);
  if (await ask(learner, `/api/attempts/${paper.id}/submit`, { lease: paper.lease }, submitMs))
    submitted.add(1);
}

/** @public k6 calls it for each virtual user. */
export default async function cohort(): Promise<void> {
  const beginsAt = settings.startAtMs;
  const own: Learner[] = [];
  for (let at = __VU; at < shared.length; at += vus) own.push(shared[at] as Learner);
  await Promise.all(own.map((learner) => write(learner, beginsAt)));
}
