/** Certificates as they cross processes, files and years [CT1–CT3]. */
import { z } from 'zod';
import { durationMs, id, instant } from './domain.ts';
import { documentKind } from './identity.ts';

/** Characters of a number, without those that are read as others: I, L, O, U. */
export const numberCharacters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * What follows from the digits and characters before it: every single slip of the pen changes it, and so do most swaps of
 * neighbours.
 */
export function checkCharacter(characters: string): string {
  const sum = [...characters].reduce(
    // Odd weights, so that no difference of two characters vanishes.
    (before, character, place) => before + numberCharacters.indexOf(character) * (2 * place + 3),
    0,
  );
  return numberCharacters[(32 - (sum % 32)) % 32] ?? '';
}

/** `KS2026-7QK3-M0X8-4ZDP`: the year, eleven characters nobody can guess, and one that shows a slip. */
export const certificateNumber = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^KS\d{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/)
  .refine((number) => {
    const characters = number.replaceAll('-', '').slice(2);
    return characters.endsWith(checkCharacter(characters.slice(0, -1)));
  });

/** What somebody lacks for a certificate, with the figures that say how much. */
export const certificateLack = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('identity') }),
  /** Classes of the course that are still to be held, or not settled yet. */
  z.object({ kind: z.literal('classes'), remaining: z.int().positive() }),
  z.object({ kind: z.literal('attendance'), rate: z.number().nullable(), minimum: z.number() }),
  z.object({ kind: z.literal('hours'), creditedMs: durationMs, requiredMs: durationMs }),
  z.object({ kind: z.literal('lessons'), complete: z.int().nonnegative(), total: z.int().positive() }),
  z.object({ kind: z.literal('exam'), outcome: z.enum(['not-taken', 'not-graded', 'failed']) }),
  z.object({ kind: z.literal('incident'), open: z.int().positive() }),
  z.object({ kind: z.literal('correct-rate'), rate: z.number().nullable(), minimum: z.number() }),
]);
export type CertificateLack = z.infer<typeof certificateLack>;

/** Why a certificate no longer holds. Stands on the public page, so it says no more than that. */
export const revocationGround = z.enum(['issued-in-error', 'violation', 'holder-data-wrong', 'other']);
export type RevocationGround = z.infer<typeof revocationGround>;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * What is signed. It says nothing about its holder but the masked name and a hash of the opening below, so that anybody
 * may see it, and only who holds the certificate can show whose it is.
 */
export const certificateRecord = z.object({
  format: z.literal('keshi-certificate'),
  version: z.literal(1),
  number: certificateNumber,
  issuedAt: instant,
  /** The institution. */
  issuer: z.string(),
  course: z.object({ id, title: z.string() }),
  group: z.string(),
  holder: z.object({ maskedName: z.string(), hash: sha256 }),
  /** Credit in the course when it was issued, and what makes one class hour [CH1]. */
  creditedMs: durationMs,
  classHourMs: durationMs,
  /** [AT5] In tenths of a percent, rounded down; null for a course without live classes. */
  attendancePermille: z.int().min(0).max(1000).nullable(),
  /** Of the final exam in tenths of a percent, rounded down; null for a course without one. */
  examPermille: z.int().min(0).max(1000).nullable(),
});
export type CertificateRecord = z.infer<typeof certificateRecord>;

/** Opens `holder.hash`: the SHA-256 of this object's canonical JSON (RFC 8785). The holder has it, nobody else. */
export const certificateHolder = z.object({
  name: z.string(),
  document: z.object({ kind: documentKind, masked: z.string() }).nullable(),
  /** 16 random bytes in base64, so that a name cannot be guessed from the hash. */
  salt: z.string(),
});
export type CertificateHolder = z.infer<typeof certificateHolder>;

export const signature = z.object({ keyId: z.string(), signature: z.string() });

/** The file a holder keeps, and what is attached to the printed form. */
export const certificateFile = z.object({
  record: certificateRecord,
  holder: certificateHolder,
  ...signature.shape,
});
export type CertificateFile = z.infer<typeof certificateFile>;

/** A key that verifies, as a JSON Web Key (RFC 8037). */
export const certificateKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  use: z.literal('sig'),
  kid: z.string(),
  x: z.string(),
});
export type CertificateKey = z.infer<typeof certificateKey>;
