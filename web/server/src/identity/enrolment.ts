import { randomInt, randomUUID } from 'node:crypto';
import type { Challenge, FrameVerdict } from '@keshi/contract/http/identity';
import type { Db } from '@keshi/db/client';
import { latestConsent } from '@keshi/db/consents';
import {
  beginChallenge,
  completeChallenge,
  countOtherPerson,
  getChallenge,
  ownChallenge,
  type SealedFrame,
  takeFrame,
} from '@keshi/db/face-challenges';
import { descriptorBytes, toDescriptor } from '@keshi/db/face-references';
import type { LearnerKey, Vault } from '@keshi/db/vault';
import {
  chooseReferences,
  drawTurns,
  enrolmentPolicy,
  type FrameFacts,
  judgeFrame,
  type TakenFrame,
} from '@keshi/rules/enrolment';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { z } from 'zod';
import { consentVersion } from './consent-text.ts';
import type { FaceAnalyser } from './face-analyser.ts';

interface Deps {
  db: Db;
  vault: Vault;
  clock: Clock;
  /** Null: nothing here judges faces. */
  faces: FaceAnalyser | null;
}

type WithPicture = TakenFrame & { picture: Uint8Array };

const keptFacts = z.object({ descriptor: z.base64(), sharpness: z.number(), hash: z.string() });

/** [PR2] From the first turn of the head to three sealed references. Every step holds on its own, on any node. */
export function createEnrolment({ db, vault, clock, faces }: Deps) {
  return {
    /** Throws `consent-required`, `conflict` for who has a reference and does not ask to replace it. */
    async begin(userId: string, { replace }: { replace: boolean }): Promise<Challenge> {
      if (!faces) throw new AppError('faces-unavailable', { retryMs: 60_000 });
      const [id, poses, now] = [randomUUID(), drawTurns(randomInt), clock()];
      const expiresAt = now + enrolmentPolicy.deadlineMs;
      const begun = await beginChallenge(db, { id, userId, poses, consentVersion, replace, now, expiresAt });
      if (!begun.begun) throw new AppError(begun.why === 'no-consent' ? 'consent-required' : 'conflict');
      await vault.make(begun.keyId);
      return { id, steps: poses.length, step: 0, pose: poses[0] ?? 'centre', expiresAt };
    },

    /** Throws `consent-required`, `challenge-over`, `not-found`, `faces-unavailable`, and what the analyser throws. */
    async frame(
      userId: string,
      { id, step, picture }: { id: string; step: number; picture: Uint8Array },
    ): Promise<FrameVerdict & { replaced?: boolean }> {
      // Before anything else: no picture is looked at without consent.
      const consent = await latestConsent(db, userId);
      if (consent?.action !== 'given' || consent.version !== consentVersion)
        throw new AppError('consent-required');
      if (!faces) throw new AppError('faces-unavailable', { retryMs: 60_000 });
      const challenge = ownChallenge(await getChallenge(db, id), userId);
      const pose = challenge.poses[step];
      const over = challenge.state !== 'open' || clock() >= challenge.expiresAt;
      if (over || challenge.position !== step || !pose) throw new AppError('challenge-over');
      const key = await vault.find(challenge.keyId);
      if (!key) throw new AppError('challenge-over');

      const before = challenge.frames.map((frame) => opened(key, frame));
      const facts = onlyOne(await faces([picture], { userId, challengeId: id }));
      const verdict = judgeFrame(facts, pose, before);
      if ('advice' in verdict) {
        if (verdict.advice !== 'other-person') return { kind: 'again', advice: verdict.advice };
        const allowed = enrolmentPolicy.otherPersonFrames;
        const failed = await countOtherPerson(db, { challengeId: id, allowed });
        return failed ? { kind: 'failed' } : { kind: 'again', advice: verdict.advice };
      }

      const taken = { ...verdict.taken, picture };
      const at = {
        challengeId: id,
        userId,
        keyId: challenge.keyId,
        step,
        consentVersion,
        now: clock(),
      };
      const next = challenge.poses[step + 1];
      if (next) {
        if (!(await takeFrame(db, { ...at, frame: sealed(key, step, taken) })))
          throw new AppError('challenge-over');
        return { kind: 'next', step: step + 1, pose: next };
      }
      const chosen = chooseReferences([...before, taken]);
      if (!chosen) throw new AppError('challenge-over');
      const done = await completeChallenge(db, {
        ...at,
        taken: {
          references: chosen.references.map(({ pose, descriptor }) => ({
            pose,
            descriptor: key.seal('FaceReference.descriptor', descriptorBytes(descriptor)),
          })),
          picture: key.seal('FacePicture.picture', chosen.picture.picture),
        },
      });
      if (!done) throw new AppError('challenge-over');
      return { kind: 'done', replaced: done.replaced };
    },
  };
}

function sealed(key: LearnerKey, step: number, { picture, ...taken }: WithPicture): SealedFrame {
  const facts = JSON.stringify({
    descriptor: Buffer.from(descriptorBytes(taken.descriptor)).toString('base64'),
    sharpness: taken.sharpness,
    hash: taken.hash,
  } satisfies z.infer<typeof keptFacts>);
  return {
    step,
    pose: taken.pose,
    facts: key.seal('FaceChallengeFrame.facts', Buffer.from(facts)),
    picture: key.seal('FaceChallengeFrame.picture', picture),
  };
}

function opened(key: LearnerKey, frame: SealedFrame): WithPicture {
  const text = key.open('FaceChallengeFrame.facts', frame.facts).toString('utf8');
  const { descriptor, ...facts } = keptFacts.parse(JSON.parse(text));
  return {
    pose: frame.pose,
    descriptor: toDescriptor(Buffer.from(descriptor, 'base64')),
    picture: key.open('FaceChallengeFrame.picture', frame.picture),
    ...facts,
  };
}

function onlyOne(facts: readonly FrameFacts[]): FrameFacts {
  const [one] = facts;
  if (!one || facts.length > 1)
    throw new AppError('internal', { message: `the analyser answered ${facts.length} times for one frame` });
  return one;
}
