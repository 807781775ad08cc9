import { z } from 'zod';
import { durationMs, id, instant } from '../domain.ts';
import { creditReason, ledgerRoot, restorationGround, reversalGround, signInMethod } from '../ledger.ts';
import { pageOf, pageQuery, queryInstant } from './page.ts';
import { defineRoutes } from './route.ts';

const person = z.object({ userId: z.union([z.literal('me'), id]) });
const range = { from: queryInstant.optional(), to: queryInstant.optional() };

/** What a learner has in one course. Hours are `creditedMs / classHourMs`, shown to one decimal, rounded down [CH1]. */
const courseCredit = {
  courseId: id,
  courseTitle: z.string(),
  orgName: z.string(),
  groups: z.array(z.string()),
  classHourMs: durationMs,
  creditedMs: durationMs,
  /** Added in the range asked for; negative when more was taken back. */
  inRangeMs: z.int(),
  /** Class hours that are settled. */
  hours: z.int().nonnegative(),
  presentMs: durationMs,
  liveMs: durationMs,
  /** The course's declared hours; null when none are declared [CH5]. */
  declaredMs: durationMs.nullable(),
  /** Confirmed violations that stand; from two on the course is not eligible for subsidy [CH3]. */
  violations: z.int().nonnegative(),
  eligible: z.boolean(),
  /** [PR2] Earned by somebody whose identity is not confirmed yet: it counts once it is. */
  provisional: z.boolean(),
};
export const courseCreditRow = z.object(courseCredit);
export type CourseCredit = z.infer<typeof courseCreditRow>;

export const learnerCreditRow = z.object({
  userId: id,
  /** Masked. */
  name: z.string(),
  login: z.string(),
  ...courseCredit,
});
export type LearnerCredit = z.infer<typeof learnerCreditRow>;

const hourOf = {
  classId: id,
  classTitle: z.string(),
  classOrdinal: z.int(),
  hour: z.int(),
  source: z.enum(['live', 'replay']),
  liveMs: durationMs,
  presentMs: durationMs,
  creditedMs: durationMs,
  uncredited: z.array(z.object({ reason: creditReason, ms: durationMs })),
  signIn: z.union([signInMethod, z.literal('not-required')]).nullable(),
};

/** An entry of the ledger with the names of what it speaks of, for people. */
export const ledgerLine = z.object({
  seq: z.int(),
  at: instant,
  earnedAt: instant,
  courseId: id,
  courseTitle: z.string(),
  classHourMs: durationMs,
  deltaMs: z.int(),
  balanceMs: durationMs,
  hash: z.string(),
  said: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('settlement'), ...hourOf }),
    z.object({ kind: z.literal('correction'), ...hourOf, corrects: z.int() }),
    z.object({ kind: z.literal('reversal'), ground: reversalGround, restored: z.boolean() }),
    z.object({ kind: z.literal('restoration'), ground: restorationGround, reversal: z.int() }),
  ]),
});
export type LedgerLine = z.infer<typeof ledgerLine>;

const decided = z.object({
  seq: z.int(),
  deltaMs: z.int(),
  balanceMs: durationMs,
  violations: z.int(),
  eligible: z.boolean(),
  /** It had been decided before; nothing was done now. */
  already: z.boolean(),
});
const reason = z.string().trim().min(2).max(1000);
/** Made by the page, so that a repeated request decides once; or the id of the incident or appeal. */
const evidenceId = id;

export const ledgerRoutes = defineRoutes({
  hoursFile: {
    method: 'GET',
    path: '/api/hours.:format',
    tag: 'hours',
    access: 'session',
    summary: 'The hours of all learners one may see as a sheet: CSV (UTF-8 with BOM) or XLSX, names masked.',
    params: z.object({ format: z.enum(['csv', 'xlsx']) }),
    query: z.object({
      ...range,
      courseId: id.optional(),
      groupId: id.optional(),
      q: z.string().trim().max(64).default(''),
      lang: z.enum(['zh-CN', 'en']).default('zh-CN'),
    }),
    file: ['text/csv', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  },
  listHours: {
    method: 'GET',
    path: '/api/hours',
    tag: 'hours',
    access: 'session',
    summary: 'Hours of the learners of one’s classes or organisations, one row a learner and course.',
    query: pageQuery.extend({ ...range, courseId: id.optional(), groupId: id.optional() }),
    reply: pageOf(learnerCreditRow),
  },
  hoursOf: {
    method: 'GET',
    path: '/api/hours/:userId',
    tag: 'hours',
    access: 'session',
    summary: 'One learner’s hours by course, and in a range. `me` for oneself.',
    params: person,
    query: z.object(range),
    reply: z.object({
      userId: id,
      /** Masked of anybody else. */
      name: z.string(),
      courses: z.array(courseCreditRow),
      /** Days of Asia/Shanghai in the range on which anything was earned. */
      days: z.int().nonnegative(),
      todayMs: z.int(),
    }),
  },
  hoursTrend: {
    method: 'GET',
    path: '/api/hours/:userId/trend',
    tag: 'hours',
    access: 'session',
    summary: 'Credit by day, week or month of Asia/Shanghai; periods without any are left out.',
    params: person,
    query: z.object({ by: z.enum(['day', 'week', 'month']).default('week'), ...range }),
    reply: z.object({ periods: z.array(z.object({ from: instant, creditedMs: z.int() })) }),
  },
  ledgerEntries: {
    method: 'GET',
    path: '/api/hours/:userId/entries',
    tag: 'hours',
    access: 'session',
    summary: 'The entries of one learner’s ledger, latest first: what, when and why [CH2].',
    params: person,
    query: pageQuery,
    reply: pageOf(ledgerLine),
  },
  reverseHours: {
    method: 'POST',
    path: '/api/hours/:userId/reversals',
    tag: 'hours',
    access: 'session',
    summary: 'Take back all hours of a learner in a course for a confirmed violation [CH3].',
    params: z.object({ userId: id }),
    body: z.object({ courseId: id, ground: reversalGround, reason, evidenceId }),
    reply: decided,
  },
  restoreHours: {
    method: 'POST',
    path: '/api/hours/:userId/restorations',
    tag: 'hours',
    access: 'session',
    summary: 'Take a reversal back: an appeal was granted, or it was a mistake [CH3].',
    params: z.object({ userId: id }),
    body: z.object({
      courseId: id,
      reversal: z.int().positive(),
      ground: restorationGround,
      reason,
      evidenceId,
    }),
    reply: decided,
  },
  ledgerRootsFile: {
    method: 'GET',
    path: '/api/ledger/roots.json',
    tag: 'hours',
    access: 'session',
    summary: 'The signed roots of the ledger with the heads that changed, to be kept elsewhere.',
    query: z.object({ from: z.iso.date().optional(), to: z.iso.date().optional() }),
    file: ['application/json'],
  },
  listLedgerRoots: {
    method: 'GET',
    path: '/api/ledger/roots',
    tag: 'hours',
    access: 'session',
    summary: 'The signed roots of the ledger, latest first.',
    query: pageQuery,
    reply: pageOf(
      ledgerRoot.pick({
        day: true,
        madeAt: true,
        learners: true,
        entries: true,
        merkleRoot: true,
        hash: true,
        keyId: true,
      }),
    ),
  },
});
