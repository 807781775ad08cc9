/** [PR3, AT7] The answer to a question to show oneself: taken once, judged by the proctor, and stored with what follows. */
import type { CheckAnswer } from '@keshi/contract/http/checks';
import type { FrameTrace, ProctorAnswer, ProctorJob, Verdict } from '@keshi/contract/proctor';
import { latestConsent } from '@keshi/db/consents';
import type { Db } from '@keshi/db/client';
import {
  claimFaceCheck,
  dropAnswered,
  getFaceCheck,
  settleFaceCheck,
  tracesOf,
  type FaceCheckState,
} from '@keshi/db/face-checks';
import { descriptorBytes, openReferences } from '@keshi/db/face-references';
import type { Vault } from '@keshi/db/vault';
import { onTheWayMs } from '@keshi/rules/check-plan';
import { standingOf } from '@keshi/rules/identity-checks';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { consentVersion } from '../identity/consent-text.ts';
import type { FaceJudge } from './face-judge.ts';

export interface AnswersDeps {
  db: Db;
  vault: Vault;
  clock: Clock;
  judge: FaceJudge | null;
  log: Logger;
  /** The class's coordinator reads the row. */
  tell: (check: FaceCheckState) => void;
}

/** Somebody sits before the camera and waits. */
const patienceMs = 15_000;

export function createAnswers({ db, vault, clock, judge, log, tell }: AnswersDeps) {
  /** It cannot be asked of this person: a person has to look [PR1]. */
  async function dismiss(check: FaceCheckState): Promise<never> {
    await dropAnswered(db, { id: check.id, at: clock() });
    tell(check);
    throw new AppError('consent-required');
  }

  async function settle(
    check: FaceCheckState,
    at: number,
    outcome: { verdict: Verdict; answer: ProctorAnswer | null; pictures: readonly Uint8Array[] },
  ): Promise<CheckAnswer> {
    const { verdict, answer, pictures } = outcome;
    const stored = await settleFaceCheck(db, {
      id: check.id,
      at: clock(),
      verdict,
      signed: answer?.verdict ?? null,
      traces: tracesIn(answer),
      pictures: passed(verdict) ? null : await sealed(check.userId, pictures),
      signIn:
        verdict === 'match' && check.kind === 'class' && check.hour !== null
          ? { classId: check.contextId, userId: check.userId, hour: check.hour, at }
          : null,
    });
    tell(check);
    // The class had given up on this answer meanwhile, and said so.
    if (!stored) throw new AppError('challenge-over');
    return { verdict, at };
  }

  async function sealed(userId: string, pictures: readonly Uint8Array[]) {
    if (pictures.length === 0) return null;
    const owned = await db.prisma.faceKey.findUnique({ where: { userId }, select: { keyId: true } });
    const key = owned && (await vault.find(owned.keyId));
    return key && { keyId: key.id, sealed: pictures.map((one) => key.seal('FaceCheckPicture.picture', one)) };
  }

  async function jobFor(
    check: FaceCheckState,
    at: number,
    pictures: readonly Uint8Array[],
  ): Promise<ProctorJob | null> {
    const opened = await openReferences(db, vault, check.userId);
    if (!opened || opened.references.length === 0) return null;
    return {
      id: check.id,
      purpose: check.purpose,
      userId: check.userId,
      context: { kind: check.kind, id: check.contextId },
      motion: check.motion,
      frames: pictures.map((picture) => Buffer.from(picture).toString('base64')),
      references: opened.references.map(({ id, descriptor }) => ({
        id,
        descriptor: Buffer.from(descriptorBytes(descriptor)).toString('base64'),
      })),
      seen: await tracesOf(db, check.userId),
      at,
      deadline: at + patienceMs,
    };
  }

  /** Null when there is nothing to compare with. Whatever fails here is ours, and held against nobody [PR3]. */
  async function judged(
    check: FaceCheckState,
    at: number,
    pictures: readonly Uint8Array[],
  ): Promise<{ verdict: Verdict; answer: ProctorAnswer | null } | null> {
    try {
      const job = await jobFor(check, at, pictures);
      if (!job) return null;
      if (!judge) return { verdict: 'error', answer: null };
      const answer = await judge(job);
      return { verdict: answer.verdict?.record.verdict ?? 'error', answer };
    } catch (error) {
      log.warn({ err: error, checkId: check.id }, 'a check could not be judged');
      return { verdict: 'error', answer: null };
    }
  }

  return {
    /** Throws `not-found`, `already-done`, `challenge-over`, `consent-required`. */
    async answer(
      userId: string,
      { id, nonce, pictures }: { id: string; nonce: string; pictures: readonly Uint8Array[] },
    ): Promise<CheckAnswer> {
      const at = clock();
      const check = await getFaceCheck(db, id);
      if (check?.userId !== userId || check.nonce !== nonce) throw new AppError('not-found');
      if (check.answeredAt !== null) throw new AppError('already-done');
      if (check.settledAt !== null) throw new AppError('challenge-over');
      // Before anything else: no picture is looked at without consent.
      const consent = await latestConsent(db, userId);
      if (consent?.action !== 'given' || consent.version !== consentVersion) return dismiss(check);
      if (pictures.length !== check.pictures) throw new AppError('invalid-input', { fields: ['body'] });
      if (!(await claimFaceCheck(db, { id, userId, nonce, at }))) {
        const now = await getFaceCheck(db, id);
        throw new AppError((now?.answeredAt ?? null) === null ? 'challenge-over' : 'already-done');
      }
      if (at > check.deadline + onTheWayMs)
        return settle(check, at, { verdict: 'late', answer: null, pictures: [] });
      const outcome = await judged(check, at, pictures);
      if (!outcome) return dismiss(check);
      return settle(check, at, { ...outcome, pictures });
    },
  };
}

/** Evidence is kept of what did not pass, not of our own failures. */
const passed = (verdict: Verdict) => verdict === 'error' || standingOf(verdict) === 'passed';

function tracesIn(answer: ProctorAnswer | null): FrameTrace[] {
  return (answer?.analyses ?? []).flatMap((frame) => (frame.problem === null ? [frame.trace] : []));
}
