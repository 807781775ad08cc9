import type { LedgerLine } from '@keshi/contract/http/ledger';
import type { HourEntryContent, LedgerEntry } from '@keshi/contract/ledger';
import type { Db } from '@keshi/db/client';
import { namesOfEntries, restoredReversals } from '@keshi/db/credit-hours';

/** Entries with the names of what they speak of. Who decided stays with staff and the audit log. */
export async function ledgerLines(
  db: Db,
  entries: readonly LedgerEntry[],
  classHourOf: (courseId: string) => number,
): Promise<LedgerLine[]> {
  const classIds = entries.flatMap(({ content }) => ('classId' in content ? [content.classId] : []));
  const courseIds = [...new Set(entries.map(({ courseId }) => courseId))];
  const lessonIds = entries.flatMap(({ content }) => ('lessonId' in content ? [content.lessonId] : []));
  const [names, restored] = await Promise.all([
    namesOfEntries(db, { classIds, courseIds, lessonIds }),
    restoredReversals(db, entries[0]?.learnerId ?? null),
  ]);
  const hour = (content: HourEntryContent) => {
    const about = names.classes.get(content.classId);
    const { classId, hour: number, source, liveMs, presentMs, creditedMs, uncredited, signIn } = content;
    return {
      classId,
      classTitle: about?.title ?? '',
      classOrdinal: about?.ordinal ?? 0,
      hour: number,
      source,
      liveMs,
      presentMs,
      creditedMs,
      uncredited,
      signIn,
    };
  };
  const said = ({ seq, content }: LedgerEntry): LedgerLine['said'] => {
    switch (content.kind) {
      case 'settlement':
        return { kind: 'settlement', ...hour(content) };
      case 'correction':
        return { kind: 'correction', ...hour(content), corrects: content.corrects };
      case 'lesson': {
        const { lessonId, round, lengthMs, creditedMs, uncredited } = content;
        const lessonTitle = names.lessons.get(lessonId) ?? '';
        return { kind: 'lesson', lessonId, lessonTitle, round, lengthMs, creditedMs, uncredited };
      }
      case 'reversal':
        return { kind: 'reversal', ground: content.ground, restored: restored.has(seq) };
      case 'restoration':
        return { kind: 'restoration', ground: content.ground, reversal: content.reversal };
    }
  };
  return entries.map((entry) => ({
    seq: entry.seq,
    at: entry.at,
    earnedAt: entry.earnedAt,
    courseId: entry.courseId,
    courseTitle: names.courses.get(entry.courseId) ?? '',
    classHourMs: classHourOf(entry.courseId),
    deltaMs: entry.deltaMs,
    balanceMs: entry.balanceMs,
    hash: entry.hash,
    said: said(entry),
  }));
}
