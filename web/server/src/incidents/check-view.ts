import type { IncidentCheck } from '@keshi/contract/http/incidents';
import type { RecordProof } from '@keshi/contract/incidents';
import { type VerdictRecord, verdictRecord } from '@keshi/contract/proctor';
import type { IncidentCheckRow } from '@keshi/db/incident-evidence';
import type { Incident } from '@keshi/db/incidents';
import { isSigned, keyIdOf } from '@keshi/runtime/signed-record';

/** A check as whoever decides sees it: what was judged, how far off it was, and whether that is what was signed. */
export function checkView(
  check: IncidentCheckRow,
  of: Pick<Incident, 'kind' | 'contextId' | 'userId'>,
  publicKeys: readonly string[],
): IncidentCheck {
  const { proof, record } = proofOf(check, of, publicKeys);
  return {
    id: check.id,
    purpose: check.purpose,
    cause: check.cause,
    askedAt: check.askedAt,
    deadline: check.deadline,
    answeredAt: check.answeredAt,
    settledAt: check.settledAt,
    verdict: check.verdict,
    distances: record?.distances ?? [],
    modelVersion: record?.modelVersion ?? null,
    proof,
    pictures: check.pictures,
  };
}

/**
 * Whether the record is what was signed, and speaks of this check of this person: a true record of another check proves
 * nothing here.
 */
function proofOf(
  check: Pick<IncidentCheckRow, 'purpose' | 'verdict' | 'record' | 'keyId' | 'signature'>,
  of: Pick<Incident, 'kind' | 'contextId' | 'userId'>,
  publicKeys: readonly string[],
): { proof: RecordProof; record: VerdictRecord | null } {
  const { record: stored, keyId, signature } = check;
  if (stored === null || keyId === null || signature === null) return { proof: 'none', record: null };
  const parsed = verdictRecord.safeParse(stored);
  if (!parsed.success || typeof stored !== 'object') return { proof: 'altered', record: null };
  const record = parsed.data;
  if (!publicKeys.some((key) => keyIdOf(Buffer.from(key, 'base64')) === keyId))
    return { proof: 'unknown-key', record };
  // What was signed is what is stored, with whatever else stands in it.
  const holds =
    isSigned(stored, { keyId, signature }, publicKeys) &&
    record.userId === of.userId &&
    record.context.kind === of.kind &&
    record.context.id === of.contextId &&
    record.purpose === check.purpose &&
    record.verdict === check.verdict;
  return { proof: holds ? 'signed' : 'altered', record };
}
