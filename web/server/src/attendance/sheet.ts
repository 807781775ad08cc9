import type { BoardRow, Locale } from '@keshi/contract/domain';
import type { ClassReport } from '@keshi/contract/http/classes';
import { words } from './sheet-words.ts';

/** A report laid out as a table in one language, before it becomes a file of some format. Plain data. */
export interface Sheet {
  title: string;
  /** What stands above the table: label and value. */
  facts: [label: string, value: string][];
  columns: Column[];
  /** One cell per column; durations in ms, shares 0 to 1. */
  rows: (string | number | null)[][];
  /** What stands below the table to be signed. */
  signatures: string[];
}

export interface Column {
  title: string;
  kind: 'text' | 'count' | 'duration' | 'share';
  /** In characters of the widest usual content. */
  width: number;
}

export interface Exporter {
  /** The exporting person's own name, which stands on the sheet. */
  name: string;
  at: number;
  unmasked: boolean;
}

/** Lays out the report [AT5, AT6, AT8]: who it is about, what it is measured against, who exported it and when. */
export function layOut(report: ClassReport, lang: Locale, exporter: Exporter): Sheet {
  const { class: about, totals, rows } = report;
  const w = words[lang];
  const outages = report.outages.map(({ from, to }) => `${clockTime(from)}–${clockTime(to)}`);
  return {
    title: w.title,
    facts: [
      [w.course, about.courseTitle],
      [w.organization, about.orgName],
      [w.group, about.groupName],
      [w.class, `${w.ordinal(about.ordinal)} ${about.title}`],
      [w.instructor, about.instructorName],
      [w.scheduled, period(about.scheduledStart, about.scheduledEnd)],
      [w.held, about.startedAt === null ? w.notStarted : period(about.startedAt, about.endedAt)],
      [w.liveTime, durationText(totals.liveMs)],
      [w.totals, w.totalsLine(totals)],
      [w.outages, outages.length > 0 ? w.outageLine(outages) : w.none],
      [w.names, exporter.unmasked ? w.namesFull : w.namesMasked],
      [w.exported, `${exporter.name}  ${dateTime(exporter.at)} (UTC+8)`],
    ],
    columns: [
      { title: w.number, kind: 'count', width: 6 },
      { title: w.name, kind: 'text', width: 14 },
      { title: w.group, kind: 'text', width: 20 },
      { title: w.present, kind: 'duration', width: 12 },
      { title: w.liveTime, kind: 'duration', width: 12 },
      { title: w.rate, kind: 'share', width: 10 },
      { title: w.verdict, kind: 'text', width: 10 },
      { title: w.late, kind: 'duration', width: 10 },
      { title: w.early, kind: 'duration', width: 10 },
      { title: w.absences, kind: 'count', width: 10 },
      { title: w.absent, kind: 'duration', width: 12 },
      { title: w.asked, kind: 'count', width: 10 },
      { title: w.answered, kind: 'count', width: 10 },
      { title: w.correct, kind: 'count', width: 10 },
      { title: w.correctRate, kind: 'share', width: 10 },
    ],
    rows: rows.map((row, index) => [
      index + 1,
      row.name,
      row.group,
      row.presentMs,
      row.liveMs,
      shown(row.rate),
      verdict(row, totals.minimumRate, w),
      row.lateMs,
      row.earlyMs,
      row.absences,
      row.absentMs,
      row.quizAsked,
      row.quizAnswered,
      row.quizCorrect,
      shown(row.correctRate),
    ]),
    signatures: [w.signInstructor, w.signInstitution, w.signDate],
  };
}

/** Rounded down to a tenth of a per cent: 79.96 % must not read 80.0 % beside "below". */
function shown(rate: number | null): number | null {
  // A rate such as 0.8 is slightly less in binary; a millionth is far below what a second of a class makes.
  return rate === null ? null : Math.floor(rate * 1000 + 1e-6) / 1000;
}

function verdict({ rate }: BoardRow, minimum: number, w: (typeof words)[Locale]): string {
  if (rate === null) return '';
  return rate < minimum ? w.below : w.reached;
}

/** `h:mm:ss`, rounded down to whole seconds. */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

const inShanghai = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Asia/Shanghai',
  dateStyle: 'short',
  timeStyle: 'medium',
});

export function dateTime(at: number): string {
  return inShanghai.format(at);
}

function clockTime(at: number): string {
  return dateTime(at).slice(11);
}

function period(from: number, to: number | null): string {
  const end = to === null ? '' : dateTime(to);
  return `${dateTime(from)} – ${end.slice(0, 10) === dateTime(from).slice(0, 10) ? end.slice(11) : end}`;
}
