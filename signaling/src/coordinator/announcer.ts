/** News without a number, where only the latest matters: counts, running totals, who speaks. At most twice a second. */
import type { ClassRole } from '@keshi/contract/domain';
import type { RecordingNow, ServerPayload } from '@keshi/contract/signaling';
import type { Classroom } from './classroom.ts';
import type { Turn } from './turn.ts';
import { countsView, quizTotalsView } from './views.ts';

const everyMs = 500;
const mostSpeakers = 5;
const everyone: readonly ClassRole[] = ['host', 'observer', 'attendee'];
const overseers: readonly ClassRole[] = ['host', 'observer'];

type Tell = <K extends 'counts' | 'tally' | 'speaking' | 'recording'>(
  roles: readonly ClassRole[],
  name: K,
  payload: ServerPayload<K>,
) => void;

export interface Announcer {
  /** Looks at stored commands for what changes counts and totals. */
  changed(turns: readonly Turn[]): void;
  countsChanged(): void;
  /** Loudest first, as one SFU node hears those who publish there. */
  speaking(nodeId: string, userIds: string[]): void;
  recording(now: RecordingNow): void;
  tick(): void;
}

export function createAnnouncer({ room, tell }: { room: () => Classroom; tell: Tell }): Announcer {
  const votes = new Set<string>();
  let quizId: string | null = null;
  let counts = false;
  let sentAt = -Infinity;
  const voices = new Map<string, string[]>();

  function tally(): void {
    const current = room();
    const quiz = quizId === null ? null : (current.quizzes.get(quizId) ?? null);
    const changedVotes = [...votes].map((id) => ({
      id,
      votes: current.questions.get(id)?.voters.size ?? 0,
    }));
    votes.clear();
    quizId = null;
    const forRole = (role: ClassRole) => ({ quiz: quiz && quizTotalsView(quiz, role), votes: changedVotes });
    tell(overseers, 'tally', forRole('host'));
    tell(['attendee'], 'tally', forRole('attendee'));
  }

  function tick(): void {
    if (performance.now() - sentAt < everyMs) return;
    if (!counts && quizId === null && votes.size === 0) return;
    sentAt = performance.now();
    if (counts) tell(everyone, 'counts', countsView(room()));
    counts = false;
    if (quizId !== null || votes.size > 0) tally();
  }

  return {
    changed(turns) {
      for (const { changes } of turns)
        for (const change of changes) {
          if (change.kind === 'quiz-answered') quizId = change.quizId;
          else if (change.kind === 'question-voted') votes.add(change.id);
          else if (change.kind === 'member-changed' || change.kind.startsWith('question-')) counts = true;
        }
      tick();
    },
    countsChanged() {
      counts = true;
      tick();
    },
    speaking(nodeId, userIds) {
      if (userIds.length === 0) voices.delete(nodeId);
      else voices.set(nodeId, userIds);
      const all = [...new Set([...voices.values()].flat())];
      tell(everyone, 'speaking', { userIds: all.slice(0, mostSpeakers) });
    },
    recording: (now) => tell(everyone, 'recording', now),
    tick,
  };
}
