/** What is known of who somebody is, and what is still missing: one answer for the learner, for staff and for credit. */
import type {
  AuthorityOutcome,
  ConsentAction,
  DocumentState,
  FaceState,
  IdentityGap,
  IdentityPath,
} from '@keshi/contract/identity';

export interface IdentityFacts {
  phoneVerified: boolean;
  document: DocumentState | null;
  /** The latest, and whether it was about the text in force. */
  consent: { action: ConsentAction; current: boolean } | null;
  face: FaceState | null;
}

export interface IdentityStanding {
  /** [PR1] Null until the person has chosen. */
  path: IdentityPath | null;
  /** Whether a picture of the face may be taken now. */
  mayTakeFace: boolean;
  /** [CT1] Whether credit earned now is more than provisional. */
  confirmed: boolean;
  gaps: IdentityGap[];
}

/** [PR1, PR2] */
export function standingOf({ phoneVerified, document, consent, face }: IdentityFacts): IdentityStanding {
  const path = pathOf(consent);
  const gaps: IdentityGap[] = [];
  if (!phoneVerified) gaps.push('phone');
  if (document === null || document === 'refused') gaps.push('document');
  if (path === null) gaps.push('consent');
  if (path === 'face' && (face === null || face === 'refused')) gaps.push('face');
  if (document === 'pending') gaps.push('document-decision');
  if (path === 'face' && face === 'provisional') gaps.push('face-decision');
  const decided =
    document === 'confirmed' && (path === 'person' || (path === 'face' && face === 'confirmed'));
  return { path, mayTakeFace: path === 'face', confirmed: decided, gaps };
}

/** A text that has changed since is asked about anew: nobody has agreed to what he was not shown. */
function pathOf(consent: IdentityFacts['consent']): IdentityPath | null {
  if (consent === null) return null;
  switch (consent.action) {
    case 'given':
      return consent.current ? 'face' : null;
    case 'refused':
    case 'withdrawn':
      return 'person';
  }
}

/**
 * Whether a person has to decide, because no authority did: `waiting` has its time, and what it left open is for staff.
 * `overdueAt` is when waiting is enough.
 */
export function needsPerson(
  facts: Pick<IdentityFacts, 'document' | 'face'>,
  authority: AuthorityOutcome,
  { now, overdueAt }: { now: number; overdueAt: number },
): boolean {
  if (facts.document === null || facts.document === 'refused') return false;
  const undecided = facts.document === 'pending' || facts.face === 'provisional';
  return undecided && (authority !== 'waiting' || now >= overdueAt);
}

/** [J4] Faces that are kept: when to warn, and when they must be filed. */
export const faceFiling = { warnAt: 90_000, filingAt: 100_000 } as const;

export function filingState(enrolled: number): 'ok' | 'near' | 'due' {
  if (enrolled >= faceFiling.filingAt) return 'due';
  return enrolled >= faceFiling.warnAt ? 'near' : 'ok';
}
