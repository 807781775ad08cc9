/**
 * What the page knows of a class: the snapshot it joined with, moved on by class events. Pure, so that an event
 * applied twice (a replay after a reconnect) or late changes nothing.
 */
import type {
  ChatMessage,
  ClassEvent,
  Counts,
  Hand,
  LiveClass,
  Question,
  Quiz,
  QuizTotals,
  RecordingNow,
  ScreeningAlert,
  Snapshot,
  StageMember,
} from '@keshi/contract/signaling';

/** What a page keeps in memory of a lively chat. */
export const chatKept = 500;

export interface ClassView {
  readonly seq: number;
  readonly class: LiveClass;
  /** Server time of the message that brought `class`: its live time runs on from here. */
  readonly classAt: number;
  readonly you: Snapshot['you'];
  readonly stage: readonly StageMember[];
  readonly chat: readonly ChatMessage[];
  readonly questions: readonly Question[];
  readonly quizzes: readonly Quiz[];
  readonly hands: readonly Hand[];
  readonly alerts: readonly ScreeningAlert[];
  readonly counts: Counts;
  readonly recording: RecordingNow['state'];
}

export function viewOf(snapshot: Snapshot): ClassView {
  return {
    seq: snapshot.seq,
    class: snapshot.class,
    classAt: snapshot.serverTime,
    you: snapshot.you,
    stage: snapshot.stage,
    chat: snapshot.chat,
    questions: snapshot.questions,
    quizzes: snapshot.quizzes,
    hands: snapshot.hands,
    alerts: [],
    counts: snapshot.counts,
    recording: snapshot.recording.state,
  };
}

/** Replaces the row with the same key, or adds it at the end. */
function upsert<T>(rows: readonly T[], row: T, key: (row: T) => string): readonly T[] {
  const at = rows.findIndex((other) => key(other) === key(row));
  return at < 0 ? [...rows, row] : rows.with(at, row);
}

const byId = (row: { id: string }) => row.id;
const byUser = (row: { userId: string }) => row.userId;

/** Events the page has already seen are passed over: sequence numbers only grow. */
export function applyEvent(view: ClassView, event: ClassEvent): ClassView {
  if (event.seq <= view.seq) return view;
  const next = { ...view, seq: event.seq };
  const mine = (userId: string) => userId === view.you.userId;
  switch (event.type) {
    case 'class.changed':
      return { ...next, class: event.class, classAt: event.at };
    case 'chat.sent': {
      const message = { ...event.message, seq: event.seq, at: event.at };
      return { ...next, chat: upsert(view.chat, message, byId).slice(-chatKept) };
    }
    case 'chat.deleted':
      return { ...next, chat: view.chat.filter((message) => message.id !== event.id) };
    case 'chat.slowed':
      return { ...next, class: { ...view.class, slowModeSeconds: event.seconds } };
    case 'member.muted':
      return mine(event.userId) ? { ...next, you: { ...view.you, mutedUntil: event.until } } : next;
    case 'member.banned':
      return next;
    case 'hand.raised':
      return {
        ...next,
        hands: upsert(view.hands, event.hand, byUser),
        you: mine(event.hand.userId) ? { ...view.you, handRaised: true } : view.you,
      };
    case 'hand.lowered':
      return {
        ...next,
        hands: view.hands.filter((hand) => hand.userId !== event.userId),
        you: mine(event.userId) ? { ...view.you, handRaised: false } : view.you,
      };
    case 'stage.changed':
      return { ...next, stage: upsert(view.stage, event.member, byUser) };
    case 'stage.left':
      return { ...next, stage: view.stage.filter((member) => member.userId !== event.userId) };
    case 'question.asked':
      return { ...next, questions: upsert(view.questions, event.question, byId) };
    case 'question.changed':
      return { ...next, questions: changedQuestion(view.questions, event.question) };
    case 'quiz.opened':
      return { ...next, quizzes: upsert(view.quizzes, event.quiz, byId) };
    case 'quiz.closed':
      return { ...next, quizzes: closedQuiz(view.quizzes, event.quiz) };
    case 'screening.alerted':
      return { ...next, alerts: upsert(view.alerts, event.alert, byId) };
  }
}

/** A broadcast knows nothing of the reader's own vote, so the page keeps what it knew. */
function changedQuestion(rows: readonly Question[], changed: Question): readonly Question[] {
  if (changed.state === 'deleted') return rows.filter((row) => row.id !== changed.id);
  const known = rows.find((row) => row.id === changed.id);
  return upsert(rows, { ...changed, voted: known?.voted ?? changed.voted }, byId);
}

/** Likewise the reader's own answer. */
function closedQuiz(rows: readonly Quiz[], closed: Quiz): readonly Quiz[] {
  const known = rows.find((row) => row.id === closed.id);
  return upsert(rows, { ...closed, mine: known?.mine ?? closed.mine }, byId);
}

export function applyTally(
  view: ClassView,
  tally: { quiz: QuizTotals | null; votes: readonly { id: string; votes: number }[] },
): ClassView {
  const votes = new Map(tally.votes.map((row) => [row.id, row.votes]));
  return {
    ...view,
    quizzes: tally.quiz
      ? view.quizzes.map((row) =>
          row.id === tally.quiz?.quizId && row.closedAt === null ? { ...row, totals: tally.quiz } : row,
        )
      : view.quizzes,
    questions: votes.size
      ? view.questions.map((row) => ({ ...row, votes: votes.get(row.id) ?? row.votes }))
      : view.questions,
  };
}

export const voted = (view: ClassView, id: string, vote: boolean): ClassView => ({
  ...view,
  questions: view.questions.map((row) => (row.id === id ? { ...row, voted: vote } : row)),
});

export const answered = (view: ClassView, quizId: string, choice: readonly number[]): ClassView => ({
  ...view,
  quizzes: view.quizzes.map((row) => (row.id === quizId ? { ...row, mine: [...choice] } : row)),
});
