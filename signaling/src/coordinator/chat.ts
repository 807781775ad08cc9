import type { Reply, Request } from '@keshi/contract/signaling';
import { newId } from '@keshi/db/ids';
import { AppError } from '@keshi/runtime/errors';
import type { Screen } from '../screening.ts';
import { chatKept } from './classroom.ts';
import { emit, refuseIfMuted, refuseIfOver, screenText, type Turn } from './turn.ts';

/** Idempotent by `clientId`: sent again, it answers with the id it was stored under and is not seen twice. */
export function sendChat(turn: Turn, request: Request<'chat.send'>, screen: Screen): Reply<'chat.send'> {
  const { room, actor, now } = turn;
  const { clientId, text } = request;
  const key = `${actor.userId}/${clientId}`;
  const known = room.sent.get(key);
  if (known) return { id: known };
  refuseIfOver(turn);
  refuseIfMuted(turn);
  refuseIfTooSoon(turn);
  screenText(turn, screen, 'chat', text);

  const id = newId(now);
  const said = { id, from: actor, text };
  const seq = emit(turn, 'all', { type: 'chat.sent', message: said });
  const message = { ...said, seq, at: now };
  turn.draft.set(room.sent, key, id);
  turn.draft.set(room.lastChatAt, actor.userId, now);
  turn.draft.assign(room, { chat: [...room.chat, message].slice(-chatKept) });
  const { role } = actor;
  turn.changes.push({ kind: 'chat-sent', id, at: now, userId: actor.userId, role, clientId, text });
  return { id };
}

/** The slow mode binds learners only. */
function refuseIfTooSoon({ room, actor, now }: Turn): void {
  if (actor.role !== 'attendee' || room.slowModeSeconds === 0) return;
  const last = room.lastChatAt.get(actor.userId);
  const retryMs = (last ?? -Infinity) + room.slowModeSeconds * 1000 - now;
  if (retryMs > 0) throw new AppError('slow-mode', { retryMs });
}

/**
 * A message older than those in memory is deleted all the same: the store says whether it exists in this class.
 * Deleting twice is no error.
 */
export function deleteChat(turn: Turn, { id }: Request<'chat.delete'>, exists: boolean): void {
  if (!exists) throw new AppError('not-found');
  const { room, actor, now } = turn;
  turn.draft.assign(room, { chat: room.chat.filter((message) => message.id !== id) });
  turn.changes.push({ kind: 'chat-deleted', id, at: now, by: actor.userId });
  emit(turn, 'all', { type: 'chat.deleted', id, by: actor.userId });
}

export function slowChat(turn: Turn, { seconds }: Request<'chat.slow'>): void {
  refuseIfOver(turn);
  const { room } = turn;
  turn.draft.assign(room, { slowModeSeconds: seconds });
  turn.changes.push({ kind: 'class-changed', slowModeSeconds: seconds });
  emit(turn, 'all', { type: 'chat.slowed', seconds });
}
