/**
 * Learners who study a recorded lesson, each with a report every ten seconds: an open load, in which a report sets out when
 * its time has come, whatever became of the ones before it.
 */
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';

/** @public k6 calls it. */
export { report as handleSummary } from './report.ts';

interface Settings {
  url: string;
  lessonId: string;
  learners: number;
  /** How often each reports, ms. */
  everyMs: number;
  holdMs: number;
  /** Reports that may be on their way at once. */
  vus: number;
  /** Every report has to set out at its time; else what is reached of the rate is a figure. */
  mustReach: boolean;
}
interface Learner {
  token: string;
  sessionId: string;
}

const path = __ENV['PLAN'] ?? '';
const shared = new SharedArray('plan', () => {
  const { settings, learners } = JSON.parse(open(path)) as { settings: Settings; learners: Learner[] };
  return [settings, ...learners];
});
const settings = shared[0] as Settings;
const { learners, everyMs, holdMs, vus, mustReach } = settings;

/** From sending to the answer that it is stored, ms. */
const reportMs = new Trend('report_ms', true);
const answered = new Counter('reports_answered');
const refused = new Counter('reports_refused');
/** What was credited, as the answers say, and what of what played was not although nothing was asked, ms. */
const credited = new Counter('credited_ms');
const uncredited = new Counter('uncredited_ms');
/** Reports of those who were asked something: nobody answers here, so what plays on is not credited [WL6]. */
const challenged = new Counter('reports_while_asked');

/** @public k6 reads it. */
export const options = {
  scenarios: {
    reports: {
      executor: 'constant-arrival-rate',
      rate: learners,
      timeUnit: `${everyMs}ms`,
      duration: `${holdMs}ms`,
      preAllocatedVUs: vus,
      maxVUs: vus,
      gracefulStop: '30s',
    },
  },
  summaryTrendStats: ['count', 'min', 'med', 'p(95)', 'p(99)', 'max'],
  discardResponseBodies: false,
  thresholds: {
    reports_refused: ['count==0'],
    uncredited_ms: ['count==0'],
    // Reports that could not set out, because too many were on their way: the rate was not reached.
    ...(mustReach && { dropped_iterations: ['count==0'] }),
    report_ms: ['p(99)<2000'],
  },
};

/** @public k6 calls it for each report. */
export default function report(): void {
  const place = exec.scenario.iterationInTest;
  const { token, sessionId } = shared[1 + (place % learners)] as Learner;
  const round = Math.floor(place / learners);
  const position = (round + 1) * everyMs;
  const answer = http.post(
    `${settings.url}/api/study/${settings.lessonId}/reports`,
    JSON.stringify({
      sessionId,
      seq: round + 1,
      spans: [[position - everyMs, position]],
      visible: true,
      position,
    }),
    {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      tags: { name: 'report' },
    },
  );
  if (answer.status !== 200) {
    refused.add(1);
    return;
  }
  answered.add(1);
  reportMs.add(answer.timings.duration);
  const ms = Number(answer.json('creditedMs'));
  credited.add(ms);
  if (answer.json('challenge') === null) uncredited.add(Math.max(0, everyMs - ms));
  else challenged.add(1);
}
