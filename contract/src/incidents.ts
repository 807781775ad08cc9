/** The nouns of findings: what failed checks come to, and what people decide about it [CH3, CH4, PR4]. */
import { z } from 'zod';

/** Where the checks were. */
export const incidentKind = z.enum(['class', 'lesson', 'exam']);
export type IncidentKind = z.infer<typeof incidentKind>;

/** `open` and `live-look` wait for a decision, `appealed` for one about the appeal. */
export const incidentState = z.enum([
  'open',
  'live-look',
  'dismissed',
  'confirmed',
  'appealed',
  'granted',
  'refused',
]);
export type IncidentStateName = z.infer<typeof incidentState>;

/** What is listed: `waiting` for a person, of these `overdue` and `appeals`; `decided`, latest first. */
export const incidentFilter = z.enum(['waiting', 'overdue', 'appeals', 'decided']);
export type IncidentFilter = z.infer<typeof incidentFilter>;

/** Why a check was asked for. */
export const checkPurpose = z.enum(['sign-in', 'check', 'recheck', 'exam']);
export const checkCause = z.enum(['schedule', 'failed', 'detector', 'return', 'virtual-camera']);

/**
 * Whether the record of a verdict is what the proctor signed, and about this check: `none` where no picture was judged,
 * `unknown-key` where nobody here knows the key, `altered` where it is not.
 */
export const recordProof = z.enum(['signed', 'none', 'unknown-key', 'altered']);
export type RecordProof = z.infer<typeof recordProof>;
