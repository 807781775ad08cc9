/** What somebody is told by the product, in the pages and, where he wants it, by mail or short message (D2). */
import { z } from 'zod';
import { revocationGround } from './certificates.ts';
import { id, instant } from './domain.ts';

/** Facts alone: the words are the reader's language's. No names of people. */
export const noticeContent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('certificate-issued'), number: z.string(), courseTitle: z.string() }),
  z.object({
    kind: z.literal('certificate-revoked'),
    number: z.string(),
    courseTitle: z.string(),
    ground: revocationGround,
  }),
  z.object({ kind: z.literal('finding-opened'), incidentId: id, courseTitle: z.string() }),
  z.object({
    kind: z.literal('finding-decided'),
    incidentId: id,
    courseTitle: z.string(),
    outcome: z.enum(['confirmed', 'dismissed', 'granted', 'refused']),
  }),
  z.object({ kind: z.literal('hours-reversed'), courseTitle: z.string() }),
  z.object({ kind: z.literal('hours-restored'), courseTitle: z.string() }),
  z.object({ kind: z.literal('class-scheduled'), classId: id, title: z.string(), startsAt: instant }),
  z.object({ kind: z.literal('exam-due'), examId: id, title: z.string(), closesAt: instant }),
  z.object({ kind: z.literal('question-answered'), classId: id, classTitle: z.string() }),
  z.object({ kind: z.literal('discussion-answered'), path: z.string().startsWith('/'), title: z.string() }),
]);
export type NoticeContent = z.infer<typeof noticeContent>;
export type NoticeKind = NoticeContent['kind'];

export const noticeKind = z.enum([
  'certificate-issued',
  'certificate-revoked',
  'finding-opened',
  'finding-decided',
  'hours-reversed',
  'hours-restored',
  'class-scheduled',
  'exam-due',
  'question-answered',
  'discussion-answered',
]);

export const noticeChannel = z.enum(['mail', 'sms']);
export type NoticeChannel = z.infer<typeof noticeChannel>;
