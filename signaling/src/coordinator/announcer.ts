/**
 * News without a number, where only the latest matters: counts, running totals, who speaks. At most twice a second, and
 * more seldom to the learners of a large class: each piece of news is a write for everyone of them.
 */
import type { ClassRole } from '@keshi/contract/domain';
import type { Counts, RecordingNow, ServerPayload } from '@keshi/contract/signaling';
import type { Classroom } from './classroom.ts';
import type { News } from './messages.ts';
import type { Turn } from './turn.ts';
import { countsView, quizTotalsView } from './views.ts';

const shortestMs = 500;
const longestMs = 2_000;
/** A class of two thousand still hears of everything twice a second. */
const membersPerMs = 4;
const mostSpeakers = 5;
const everyone: readonly ClassRole[] = ['host', 'observer', 'attendee'];

/** What those of some roles have not been told yet. */
interface Audience {
  readonly roles: readonly ClassRole[];
  everyMs(): number;
  /** What of the counts these people see: while that stays they are told nothing. */
  shown(counts: Counts): string;
  shownLast: string;
  toldAt: number;
  counts: boolean;
  speaking: boolean;
  quizId: string | null;
  readonly votes: Set<string>;
}

type Tell = (roles: readonly ClassRole[], news: News) => void;

export interface Announcer {
  /** Looks at stored commands for what changes counts and totals. */
  changed(turns: readonly Turn[]): void;
  countsChanged(): void;
  /** Loudest first, as one SFU node hears those who publish there. */
  speaking(nodeId: string, userIds: string[]): void;
  recording(now: RecordingNow): void;
  /** `now`: ms that never go back. */
  tick(now: number): void;
}

export function createAnnouncer({ room, tell }: { room: () => Classroom; tell: Tell }): Announcer {
  const audienceOf = ({
    roles,
    everyMs,
    shown,
  }: Pick<Audience, 'roles' | 'everyMs' | 'shown'>): Audience => ({
    roles,
    everyMs,
    shown,
    shownLast: shown(countsView(room())),
    toldAt: -Infinity,
    counts: false,
    speaking: false,
    quizId: null,
    votes: new Set(),
  });
  const audiences = [
    audienceOf({
      roles: ['host', 'observer'],
      everyMs: () => shortestMs,
      shown: (counts) => JSON.stringify(counts),
    }),
    audienceOf({
      roles: ['attendee'],
      everyMs: () => Math.min(longestMs, Math.max(shortestMs, room().online.size / membersPerMs)),
      // How many are there is for those who teach and supervise; to tell everyone of everyone would be the square.
      shown: ({ openQuestions }) => `${openQuestions}`,
    }),
  ];
  const voices = new Map<string, string[]>();
  let speakers: string[] = [];

  function tellCounts(audience: Audience): void {
    const payload = countsView(room());
    const shown = audience.shown(payload);
    if (shown === audience.shownLast) return;
    audience.shownLast = shown;
    tell(audience.roles, { name: 'counts', payload });
  }

  function sayTo(audience: Audience): void {
    const { roles, counts, speaking, quizId, votes } = audience;
    if (counts) tellCounts(audience);
    if (speaking) tell(roles, { name: 'speaking', payload: { userIds: speakers } });
    if (quizId !== null || votes.size > 0) tell(roles, { name: 'tally', payload: tallyOf(audience) });
    audience.toldAt = performance.now();
    audience.counts = false;
    audience.speaking = false;
    audience.quizId = null;
    votes.clear();
  }

  /** The host and observers see the same; learners not what is correct. */
  function tallyOf({ roles: [role = 'attendee'], quizId, votes }: Audience): ServerPayload<'tally'> {
    const { quizzes, questions } = room();
    const quiz = quizId === null ? null : (quizzes.get(quizId) ?? null);
    return {
      quiz: quiz && quizTotalsView(quiz, role),
      votes: [...votes].map((id) => ({ id, votes: questions.get(id)?.voters.size ?? 0 })),
    };
  }

  function tick(now: number): void {
    for (const audience of audiences) {
      const hasNews =
        audience.counts || audience.speaking || audience.quizId !== null || audience.votes.size > 0;
      if (hasNews && now - audience.toldAt >= audience.everyMs()) sayTo(audience);
    }
  }

  function note(change: (audience: Audience) => void): void {
    audiences.forEach(change);
    tick(performance.now());
  }

  return {
    changed(turns) {
      for (const change of turns.flatMap(({ changes }) => changes))
        for (const audience of audiences)
          if (change.kind === 'quiz-answered') audience.quizId = change.quizId;
          else if (change.kind === 'question-voted') audience.votes.add(change.id);
          else if (change.kind === 'member-changed' || change.kind.startsWith('question-'))
            audience.counts = true;
      tick(performance.now());
    },
    countsChanged() {
      note((audience) => (audience.counts = true));
    },
    speaking(nodeId, userIds) {
      if (userIds.length === 0) voices.delete(nodeId);
      else voices.set(nodeId, userIds);
      const all = [...new Set([...voices.values()].flat())].slice(0, mostSpeakers);
      if (all.join() === speakers.join()) return;
      speakers = all;
      note((audience) => (audience.speaking = true));
    },
    recording: (now) => tell(everyone, { name: 'recording', payload: now }),
    tick,
  };
}
