import type { Reply, Request } from '@keshi/contract/signaling';
import { newId } from '@keshi/db/ids';
import { AppError } from '@keshi/runtime/errors';
import type { Screen } from '../screening.ts';
import type { RoomQuestion } from './classroom.ts';
import { emit, refuseIfMuted, refuseIfOver, screenText, type Turn } from './turn.ts';
import { questionView } from './views.ts';

/** Idempotent by `clientId`, as chat is. */
export function askQuestion(
  turn: Turn,
  request: Request<'question.ask'>,
  screen: Screen,
): Reply<'question.ask'> {
  const { room, actor, now } = turn;
  const key = `${actor.userId}/${request.clientId}`;
  const known = room.sent.get(key);
  if (known) return { id: known };
  refuseIfOver(turn);
  refuseIfMuted(turn);
  screenText(turn, screen, 'question', request.text);
  const question: RoomQuestion = {
    id: newId(now),
    at: now,
    from: actor,
    text: request.text,
    state: 'open',
    answer: null,
    answeredBy: null,
    answeredAt: null,
    voters: new Set(),
  };
  turn.draft.set(room.sent, key, question.id);
  turn.draft.set(room.questions, question.id, question);
  const { id, text } = question;
  const { clientId } = request;
  turn.changes.push({ kind: 'question-asked', id, at: now, userId: actor.userId, clientId, text });
  emit(turn, 'all', { type: 'question.asked', question: questionView(room, question, null) });
  return { id: question.id };
}

/** Votes are told by the tally at most twice a second, not one by one. Voting twice is voting once. */
export function voteQuestion(turn: Turn, { id, vote }: Request<'question.vote'>): void {
  const { actor, now } = turn;
  const question = requireQuestion(turn, id);
  if (question.state !== 'open') throw new AppError('conflict');
  if (question.voters.has(actor.userId) === vote) return;
  if (vote) turn.draft.add(question.voters, actor.userId);
  else turn.draft.remove(question.voters, actor.userId);
  turn.changes.push({ kind: 'question-voted', id, userId: actor.userId, at: now, vote });
}

export function answerQuestion(turn: Turn, request: Request<'question.answer'>, screen: Screen): void {
  const { actor, now } = turn;
  const question = requireQuestion(turn, request.id);
  switch (request.mode) {
    case 'text':
      screenText(turn, screen, 'answer', request.text);
      change(turn, question, {
        state: 'answered-text',
        answer: request.text,
        answeredBy: actor.userId,
        answeredAt: now,
      });
      return;
    case 'live':
      change(turn, question, { state: 'answered-live', answeredBy: actor.userId, answeredAt: now });
      return;
    case 'done':
      change(turn, question, { state: 'done' });
      return;
  }
}

export function deleteQuestion(turn: Turn, { id }: Request<'question.delete'>): void {
  const known = turn.room.questions.get(id);
  if (known?.state === 'deleted') return;
  change(turn, requireQuestion(turn, id), { state: 'deleted' });
}

function requireQuestion({ room }: Turn, id: string): RoomQuestion {
  const question = room.questions.get(id);
  if (!question || question.state === 'deleted') throw new AppError('not-found');
  return question;
}

function change(turn: Turn, question: RoomQuestion, patch: Partial<RoomQuestion>): void {
  const changed = { ...question, ...patch };
  turn.draft.set(turn.room.questions, changed.id, changed);
  const { id, state, answer, answeredBy, answeredAt } = changed;
  turn.changes.push({ kind: 'question-changed', id, state, answer, answeredBy, answeredAt });
  emit(turn, 'all', { type: 'question.changed', question: questionView(turn.room, changed, null) });
}
