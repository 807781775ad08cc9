import { newId } from '@keshi/db/ids';
import { AppError } from '@keshi/runtime/errors';
import type { LiveSpan } from './classroom.ts';
import { closeQuiz } from './quiz.ts';
import { changeMember, emit, type Turn } from './turn.ts';
import { liveClassView } from './views.ts';

export function startClass(turn: Turn): void {
  const { room, now } = turn;
  switch (room.state) {
    case 'scheduled':
      break;
    case 'live':
    case 'paused':
      throw new AppError('already-done');
    case 'ended':
    case 'cancelled':
      throw new AppError('class-ended');
  }
  turn.draft.assign(room, { state: 'live', startedAt: now });
  turn.changes.push({ kind: 'class-changed', state: 'live', startedAt: now });
  openSpan(turn);
  tell(turn);
}

export function pauseClass(turn: Turn): void {
  requireRunning(turn);
  if (turn.room.state === 'paused') throw new AppError('already-done');
  turn.draft.assign(turn.room, { state: 'paused' });
  turn.changes.push({ kind: 'class-changed', state: 'paused' });
  closeSpan(turn);
  tell(turn);
}

export function resumeClass(turn: Turn): void {
  requireRunning(turn);
  if (turn.room.state === 'live') throw new AppError('already-done');
  turn.draft.assign(turn.room, { state: 'live' });
  turn.changes.push({ kind: 'class-changed', state: 'live' });
  openSpan(turn);
  tell(turn);
}

/** Ends live time, the open quiz, hands and the stage in one write. Media follows when it is stored. */
export function endClass(turn: Turn): void {
  requireRunning(turn);
  const { room, now } = turn;
  for (const quiz of room.quizzes.values()) if (quiz.closedAt === null) closeQuiz(turn, quiz.id);
  closeSpan(turn);
  for (const member of [...room.members.values()])
    if (member.handRaisedAt !== null || member.stage !== null)
      changeMember(turn, member.userId, { handRaisedAt: null, stage: null, held: [] });
  turn.draft.assign(room, { state: 'ended', endedAt: now });
  turn.changes.push({ kind: 'class-changed', state: 'ended', endedAt: now });
  for (const userId of [...room.sources.keys()]) turn.draft.delete(room.sources, userId);
  tell(turn);
}

function requireRunning({ room }: Turn): void {
  if (room.state === 'scheduled') throw new AppError('class-not-started');
  if (room.state === 'ended' || room.state === 'cancelled') throw new AppError('class-ended');
}

function openSpan(turn: Turn): void {
  const { room, now } = turn;
  turn.draft.assign(room, { spans: [...room.spans, { from: now, to: null }] });
  turn.changes.push({ kind: 'span-opened', id: newId(now), at: now });
}

function closeSpan(turn: Turn): void {
  const { room, now } = turn;
  const close = (span: LiveSpan): LiveSpan =>
    span.to === null ? { ...span, to: Math.max(span.from, now) } : span;
  turn.draft.assign(room, { spans: room.spans.map(close) });
  turn.changes.push({ kind: 'span-closed', at: now });
}

function tell(turn: Turn): void {
  emit(turn, 'all', { type: 'class.changed', class: liveClassView(turn.room, turn.now) });
  turn.effects.push({ kind: 'class-changed' });
}
