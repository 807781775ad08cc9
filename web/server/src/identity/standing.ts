import type { OwnIdentity } from '@keshi/contract/http/identity';
import type { Db } from '@keshi/db/client';
import { latestConsent, pendingDestructions } from '@keshi/db/consents';
import { maskPhone } from '@keshi/db/crypto';
import { getFaceEnrolment } from '@keshi/db/face-references';
import { getCheck } from '@keshi/db/identity-checks';
import { getDocument } from '@keshi/db/identity-documents';
import { getPhone } from '@keshi/db/phone-codes';
import { needsPerson, standingOf } from '@keshi/rules/identity-state';
import type { Clock } from '@keshi/runtime/clock';
import { consentVersion } from './consent-text.ts';

/** How long an authority may be silent before a person decides. */
export const authorityWaitMs = 24 * 3_600_000;

export interface StandingDeps {
  db: Db;
  clock: Clock;
  /** Whether an authority is asked at all. */
  asksAuthority: boolean;
  facesJudged: boolean;
}

/** [PR1, PR2] Everything a person is told about who they are here. */
export function createStanding({ db, clock, asksAuthority, facesJudged }: StandingDeps) {
  return async function ownIdentity(userId: string): Promise<OwnIdentity> {
    const [phone, document, consent, face, check, erasing] = await Promise.all([
      getPhone(db, userId),
      getDocument(db, userId),
      latestConsent(db, userId),
      getFaceEnrolment(db, userId),
      getCheck(db, userId),
      pendingDestructions(db, { userId }),
    ]);
    const current = consent?.version === consentVersion;
    const facts = {
      phoneVerified: phone.verifiedAt !== null,
      document: document?.state ?? null,
      consent: consent && { action: consent.action, current },
      face: face?.state ?? null,
    };
    const standing = standingOf(facts);
    const authority = asksAuthority ? (check?.outcome ?? 'waiting') : 'none';
    const undecided = standing.gaps.some((gap) => gap === 'document-decision' || gap === 'face-decision');
    const byPerson = needsPerson(facts, authority, {
      now: clock(),
      overdueAt: (check?.askedAt ?? 0) + authorityWaitMs,
    });
    return {
      phone: { masked: phone.phone && maskPhone(phone.phone), verified: facts.phoneVerified },
      document: document && {
        kind: document.kind,
        masked: document.maskedNumber,
        state: document.state,
        givenAt: document.givenAt,
        reason: document.state === 'refused' ? document.reason : null,
      },
      consent: consent && { ...consent, current },
      face: face && {
        state: face.state,
        enrolledAt: face.enrolledAt,
        reason: face.state === 'refused' ? face.reason : null,
      },
      erasing: erasing.length > 0,
      path: standing.path,
      confirmed: standing.confirmed,
      gaps: standing.gaps,
      decider: undecided ? (byPerson ? 'person' : 'authority') : null,
      facesJudged,
    };
  };
}
export type Standing = ReturnType<typeof createStanding>;
