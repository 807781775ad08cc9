import { z } from 'zod';
import {
  certificateKey,
  certificateLack,
  certificateNumber,
  certificateRecord,
  revocationGround,
  signature,
} from '../certificates.ts';
import { durationMs, id, instant } from '../domain.ts';
import { pageOf, pageQuery } from './page.ts';
import { defineRoutes } from './route.ts';

const byGroup = z.object({ id });
const byNumber = z.object({ number: certificateNumber });

const revocation = z.object({ at: instant, ground: revocationGround });

const certificateSummary = z.object({
  number: certificateNumber,
  issuedAt: instant,
  revoked: revocation.nullable(),
});
export type CertificateSummary = z.infer<typeof certificateSummary>;

/** How far somebody is on the way to a certificate of one course. */
const progress = {
  creditedMs: durationMs,
  requiredMs: durationMs.nullable(),
  classHourMs: durationMs,
  attendance: z.number().nullable(),
  /** Empty: nothing is missing. */
  lacks: z.array(certificateLack),
  /** The latest; a revoked one may be followed by another. */
  certificate: certificateSummary.nullable(),
};

export const certificateRow = z.object({
  userId: id,
  login: z.string(),
  /** Masked. */
  name: z.string(),
  ...progress,
});
export type CertificateRow = z.infer<typeof certificateRow>;

export const ownCertificate = z.object({
  courseId: id,
  courseTitle: z.string(),
  orgName: z.string(),
  ...progress,
});
export type OwnCertificate = z.infer<typeof ownCertificate>;

/** As its holder and the institution see it. */
export const certificateSheet = z.object({
  record: certificateRecord,
  ...signature.shape,
  /** Whole for its holder, masked for everybody else. */
  name: z.string(),
  document: z.string().nullable(),
  own: z.boolean(),
  revoked: revocation.nullable(),
  mayRevoke: z.boolean(),
  /** Where anybody can check it: what the code on the paper says. */
  verifyUrl: z.string(),
  /** The code that says it, as a path of squares in a square of this size. */
  code: z.object({ size: z.int().positive(), path: z.string() }),
});
export type CertificateSheet = z.infer<typeof certificateSheet>;

export const verifiedCertificate = z.object({
  /** Exactly the text that is signed: canonical JSON of a `certificateRecord`. */
  signed: z.string(),
  ...signature.shape,
  /** What this server found: whether one of its keys signed that text. The page finds out for itself. */
  holds: z.boolean(),
  revoked: revocation.nullable(),
});
export type VerifiedCertificate = z.infer<typeof verifiedCertificate>;

export const certificateRoutes = defineRoutes({
  groupCertificates: {
    method: 'GET',
    path: '/api/admin/groups/:id/certificates',
    tag: 'certificates',
    access: 'session',
    summary: 'The learners of a group: who may get a certificate, what the others lack, who has one (CT1).',
    params: byGroup,
    query: pageQuery,
    reply: pageOf(certificateRow).extend({ mayIssue: z.boolean(), courseTitle: z.string() }),
  },
  issueCertificates: {
    method: 'POST',
    path: '/api/admin/groups/:id/certificates',
    tag: 'certificates',
    access: 'session',
    summary:
      'Issue certificates to these learners of the group, or to all; once each, however often it is sent (CT2).',
    params: byGroup,
    body: z.union([z.object({ userIds: z.array(id).min(1).max(200) }), z.object({ all: z.literal(true) })]),
    reply: z.object({
      /** Issued now. */
      issued: z.int().nonnegative(),
      /** Have one already. */
      already: z.int().nonnegative(),
      /** Lack something, which the list says. */
      refused: z.int().nonnegative(),
    }),
  },
  certificatesZip: {
    method: 'GET',
    path: '/api/admin/groups/:id/certificates.zip',
    tag: 'certificates',
    access: 'session',
    summary: 'The printed forms of all certificates of the group that hold, as one archive.',
    params: byGroup,
    file: ['application/zip'],
  },
  getCertificate: {
    method: 'GET',
    path: '/api/certificates/:number',
    tag: 'certificates',
    access: 'session',
    summary: 'One certificate, for its holder or the institution.',
    params: byNumber,
    reply: certificateSheet,
  },
  certificateFile: {
    method: 'GET',
    path: '/api/certificates/:number/file.:format',
    tag: 'certificates',
    access: 'session',
    summary: 'The printed form (PDF), or the signed record with what opens it (JSON).',
    params: byNumber.extend({ format: z.enum(['pdf', 'json']) }),
    file: ['application/pdf', 'application/json'],
  },
  revokeCertificate: {
    method: 'POST',
    path: '/api/certificates/:number/revocation',
    tag: 'certificates',
    access: 'session',
    summary: 'Say that a certificate no longer holds; the record stays and its public page shows it (CT2).',
    params: byNumber,
    body: z.object({ ground: revocationGround, reason: z.string().trim().min(2).max(500) }),
    reply: certificateSummary,
  },
  ownCertificates: {
    method: 'GET',
    path: '/api/me/certificates',
    tag: 'certificates',
    access: 'session',
    summary: 'One’s own certificates, and what is missing for those of the other courses.',
    reply: z.object({ rows: z.array(ownCertificate) }),
  },
  verifyCertificate: {
    method: 'GET',
    path: '/api/verify/:number',
    tag: 'certificates',
    access: 'public',
    summary:
      'What the code on a certificate opens: its signed text, the signature, whether it was revoked (CT3).',
    params: byNumber,
    reply: verifiedCertificate,
  },
  certificateKeys: {
    method: 'GET',
    path: '/.well-known/keshi-certificate-keys.json',
    tag: 'certificates',
    access: 'public',
    summary: 'The keys that verify certificates, the one that signs now first (a JSON Web Key Set).',
    reply: z.object({ keys: z.array(certificateKey) }),
  },
});
