/**
 * The entries of the ledger of credit [CH2]: what is chained, stored, exported and shown. Ids are opaque and nothing in
 * an entry is personal data. Durations are ms, so that seconds are kept exactly and only what is shown is rounded [CH1].
 */
import { z } from 'zod';
import { durationMs, id, instant, reasonCode } from './domain.ts';
import { studyReason } from './study.ts';

/** SHA-256 in hexadecimal. */
export const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** What comes before the first entry of a chain, and before the first root. */
export const genesis = '0'.repeat(64);

/**
 * Why time of an hour was not credited: absence by its reason, or presence without a sign-in or before a late one [AT7];
 * of a replay what was earned live already, or not watched [CH5].
 */
export const creditReason = z.enum([
  ...reasonCode.options,
  'no-sign-in',
  'before-sign-in',
  'earned-live',
  'not-watched',
]);
export type CreditReason = z.infer<typeof creditReason>;

/** How an hour was signed into; `not-required` where the course asks for none [AT7]. */
export const signInMethod = z.enum(['face', 'person']);
export type SignInMethod = z.infer<typeof signInMethod>;

/** What a confirmed violation was [CH3]. */
export const reversalGround = z.enum(['stand-in', 'automation', 'idle', 'identity', 'other']);
export type ReversalGround = z.infer<typeof reversalGround>;

/** Why hours came back: an appeal was granted, or the decision turned out to be a mistake. */
export const restorationGround = z.enum(['appeal-granted', 'mistake']);
export type RestorationGround = z.infer<typeof restorationGround>;

const count = z.int().positive();

/** What one hour of one class came to for one learner. */
const hourOfClass = {
  /** Where it was earned: in the live class, or by studying its replay [CH5]. */
  source: z.enum(['live', 'replay']),
  classId: id,
  /** From 1. */
  hour: count,
  /** From 1; a correction is the next. */
  revision: count,
  liveMs: durationMs,
  presentMs: durationMs,
  creditedMs: durationMs,
  /** What is credited, in ms of the hour's own live time: sorted, disjoint, within 0 and `liveMs`. */
  spans: z.array(z.tuple([durationMs, durationMs])),
  /** The rest of the live time by its reason; with `creditedMs` it makes `liveMs` exactly. */
  uncredited: z.array(z.object({ reason: creditReason, ms: durationMs })),
  signIn: z.union([signInMethod, z.literal('not-required')]).nullable(),
};

const decision = {
  /** The person who decided. */
  by: id,
  /** Of the incident, appeal or note that says more. */
  evidenceId: id,
};

export const ledgerContent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('settlement'), ...hourOfClass }),
  /** Takes the place of an earlier settlement of the same hour because facts came late. */
  z.object({
    kind: z.literal('correction'),
    ...hourOfClass,
    corrects: count,
    cause: z.literal('late-facts'),
  }),
  /** A recorded lesson that was completed [WL3, WL9]. After a reversal it can be completed anew: another round. */
  z.object({
    kind: z.literal('lesson'),
    lessonId: id,
    round: count,
    /** What completing it can earn: its length, or what it declares. */
    lengthMs: durationMs,
    creditedMs: durationMs,
    /** In ms of what it can earn: sorted, disjoint. */
    spans: z.array(z.tuple([durationMs, durationMs])),
    /** With `creditedMs` it makes `lengthMs` exactly. */
    uncredited: z.array(z.object({ reason: studyReason, ms: durationMs })),
  }),
  /** [CH3] All hours of the learner in the course that were earned up to `earnedAt`. */
  z.object({ kind: z.literal('reversal'), ...decision, ground: reversalGround }),
  /** [CH3] Takes one reversal back. */
  z.object({ kind: z.literal('restoration'), ...decision, ground: restorationGround, reversal: count }),
]);
export type LedgerContent = z.infer<typeof ledgerContent>;
export type HourEntryContent = Extract<LedgerContent, { kind: 'settlement' | 'correction' }>;
export type LessonEntryContent = Extract<LedgerContent, { kind: 'lesson' }>;

export const ledgerLink = z.object({
  learnerId: id,
  /** From 1, without gaps. */
  seq: count,
  courseId: id,
  /** Unique for the learner: what is entered twice is entered once. */
  key: z.string().min(1).max(200),
  /** When it was entered. */
  at: instant,
  /** When it was earned: the end of the hour's live time; of a decision, when it was made. */
  earnedAt: instant,
  /** The course's declared hours as they were then, in ms; null when none are declared [CH5]. */
  capMs: durationMs.nullable(),
  /** What this entry adds to, or takes from, the learner's credit in the course. */
  deltaMs: z.int(),
  /** The credit in the course after it. */
  balanceMs: durationMs,
  previousHash: digest,
  hash: digest,
});

export const ledgerEntry = ledgerLink.extend({ content: ledgerContent });
export type LedgerEntry = z.infer<typeof ledgerEntry>;

/** The end of one learner's chain. */
export const chainHead = z.object({ learnerId: id, seq: count, hash: digest });
export type ChainHead = z.infer<typeof chainHead>;

/** What a signed root says; `hash` is of all of it but the signature. */
export const ledgerRoot = z.object({
  /** Of Asia/Shanghai, `2026-11-28`. */
  day: z.iso.date(),
  madeAt: instant,
  /** All entries up to and including this position are covered. */
  position: z.int().nonnegative(),
  learners: z.int().nonnegative(),
  entries: z.int().nonnegative(),
  /** Merkle root over the heads of all chains, by learner. */
  merkleRoot: digest,
  /** Hash over the heads that changed since the root before. */
  changesHash: digest,
  previousHash: digest,
  keyId: z.string(),
  hash: digest,
  /** Ed25519 over `hash`, base64. */
  signature: z.string(),
});
export type LedgerRoot = z.infer<typeof ledgerRoot>;

/** The file of roots: to be kept where whoever can write to the database cannot write. */
export const ledgerRootsFile = z.object({
  format: z.literal('keshi-ledger-roots'),
  version: z.literal(1),
  /** Raw Ed25519 public keys in base64, by their id. */
  publicKeys: z.record(z.string(), z.string()),
  roots: z.array(ledgerRoot.extend({ changes: z.array(chainHead) })),
});
export type LedgerRootsFile = z.infer<typeof ledgerRootsFile>;
