/**
 * What is asked of the proctor and what it answers. It is shown pictures and templates and knows nobody: who somebody
 * is stands in the job alone. A job can be sent again under its id; it is judged once.
 */
import { z } from 'zod';
import { id } from './domain.ts';

/** [PR3] `error` is our own failure and never held against anyone; `uncertain` asks for more pictures. */
export const verdict = z.enum([
  'match',
  'uncertain',
  'mismatch',
  'no-face',
  'many-faces',
  'too-dark',
  'blurred',
  'camera-off',
  'repeated',
  'late',
  'no-answer',
  'spoof-suspected',
  'error',
]);
export type Verdict = z.infer<typeof verdict>;

export const proctorPurpose = z.enum(['enrol', 'sign-in', 'check', 'recheck', 'exam']);
export type ProctorPurpose = z.infer<typeof proctorPurpose>;

/** Which way the head is to be turned while pictures are taken, in the person's own left and right. */
export const headMotion = z.enum(['left', 'right']);
export type HeadMotion = z.infer<typeof headMotion>;

/** Why a picture was not looked at. The page shows what to do about it. */
export const frameProblem = z.enum([
  'empty',
  'not-jpeg',
  'too-many-bytes',
  'too-many-pixels',
  'too-few-pixels',
  'truncated',
  'unreadable',
]);
export type FrameProblem = z.infer<typeof frameProblem>;

export const descriptorLength = 128;
/** 128 floats, little-endian, in base64. */
export const descriptor = z
  .base64()
  .length(4 * Math.ceil((descriptorLength * 4) / 3))
  .describe('128 floats');

/** A face in an upright picture, in its pixels. */
export const faceBox = z.object({
  x: z.number(),
  y: z.number(),
  width: z.number().positive(),
  height: z.number().positive(),
  /** How sure the detector is, 0 to 1. */
  score: z.number().min(0).max(1),
});
export type FaceBox = z.infer<typeof faceBox>;

/** The largest face, looked at closely. */
export const faceDetail = z.object({
  /** Degrees. Positive: the nose points to the picture's right, down; the head leans clockwise. */
  yaw: z.number(),
  pitch: z.number(),
  roll: z.number(),
  /** Variance of the Laplacian over the face at a fixed size. */
  sharpness: z.number(),
  /** Mean luma of the face, 0 to 255. */
  brightness: z.number(),
  /** Null when several faces are in the picture: it is not said whose it would be. */
  descriptor: descriptor.nullable(),
});
export type FaceDetail = z.infer<typeof faceDetail>;

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

/** What makes a picture known again: its bytes, and what it looks like (256 bits). */
export const frameTrace = z.object({ digest: hex(64), hash: hex(64) });
export type FrameTrace = z.infer<typeof frameTrace>;

export const readFrame = z.object({
  problem: z.null(),
  /** As it was looked at: upright, and no longer than 640. */
  width: z.int().positive(),
  height: z.int().positive(),
  /** Mean and standard deviation of luma, 0 to 255, and variance of the Laplacian, of the whole picture. */
  brightness: z.number(),
  contrast: z.number(),
  sharpness: z.number(),
  trace: frameTrace,
  faceCount: z.int().nonnegative(),
  /** The largest first; at most eight. */
  faces: z.array(faceBox).max(8),
  /** Null when there is no face. */
  detail: faceDetail.nullable(),
});
export type ReadFrame = z.infer<typeof readFrame>;

export const frameAnalysis = z.discriminatedUnion('problem', [
  z.object({ problem: frameProblem }),
  readFrame,
]);
export type FrameAnalysis = z.infer<typeof frameAnalysis>;

/** What the person is compared with. */
export const faceReference = z.object({ id, descriptor });
export type FaceReference = z.infer<typeof faceReference>;

/** Where somebody was checked. */
export const proctorContext = z.object({ kind: z.enum(['class', 'lesson', 'exam', 'enrolment']), id });
export type ProctorContext = z.infer<typeof proctorContext>;

export const mostFrames = 8;
export const mostReferences = 3;
/** Beyond what one picture may have, so that a picture that is too large is answered as such. */
const mostFrameText = 2_000_000;

export const proctorJob = z.object({
  id: z.string().min(8).max(128),
  purpose: proctorPurpose,
  userId: id,
  context: proctorContext,
  /** JPEG in base64, in the order they were taken. */
  frames: z.array(z.base64().max(mostFrameText)).min(1).max(mostFrames),
  motion: headMotion.nullable().default(null),
  /** None when somebody enrols. */
  references: z.array(faceReference).max(mostReferences),
  /** What was seen of this person before, the latest last: a feed that stands still is noticed by it. */
  seen: z.array(frameTrace.extend({ at: z.int() })).max(16),
  /** Server time at which the pictures had arrived: the verdict is about this moment. */
  at: z.int(),
  /** Server time, ms. What is taken up later is answered as our own failure. */
  deadline: z.int(),
});
export type ProctorJob = z.infer<typeof proctorJob>;

/** What stands in the record of a check. No picture, no template, no name. */
export const verdictRecord = z.object({
  jobId: z.string(),
  purpose: proctorPurpose,
  userId: id,
  context: proctorContext,
  at: z.int(),
  verdict,
  /** The distance of each picture to the nearest reference, rounded to 1e-4; null where none could be compared. */
  distances: z.array(z.number().nullable()),
  referenceIds: z.array(id),
  modelVersion: z.string(),
  /** Left out where none was asked for. */
  motion: headMotion.optional(),
});
export type VerdictRecord = z.infer<typeof verdictRecord>;

/** Whoever keeps the record keeps the signature and the public key's id with it. */
export const signedVerdict = z.object({
  record: verdictRecord,
  keyId: z.string(),
  /** Ed25519 over the record's canonical JSON, base64. */
  signature: z.base64(),
});
export type SignedVerdict = z.infer<typeof signedVerdict>;

export const stageTimes = z.object({
  queued: z.number(),
  decode: z.number(),
  detect: z.number(),
  landmarks: z.number(),
  descriptor: z.number(),
});
export type StageTimes = z.infer<typeof stageTimes>;

export const proctorAnswer = z.object({
  jobId: z.string(),
  /** One for each picture. Empty when it was not looked at in time, or could not be. */
  analyses: z.array(frameAnalysis),
  /** Null when somebody enrols: there is nothing to compare with yet. */
  verdict: signedVerdict.nullable(),
  modelVersion: z.string(),
  /** Milliseconds, all pictures together. */
  ms: stageTimes,
});
export type ProctorAnswer = z.infer<typeof proctorAnswer>;

/** Sign-in and exams come first, then rechecks, then checks; whoever enrols waits with those who sign in. [PR7] */
export const purposePriority: Record<ProctorPurpose, 0 | 1 | 2> = {
  'sign-in': 0,
  exam: 0,
  enrol: 0,
  recheck: 1,
  check: 2,
};

/** The jobs between those who ask and the proctors. */
export const proctorJobs = { name: 'proctor', job: proctorJob, answer: proctorAnswer } as const;
