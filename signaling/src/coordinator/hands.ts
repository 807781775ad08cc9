import type { Request } from '@keshi/contract/signaling';
import { AppError } from '@keshi/runtime/errors';
import { memberOf } from './classroom.ts';
import { changeMember, emit, refuseIfMuted, refuseIfOver, type Turn } from './turn.ts';

/** A hand that is up already stays where it is in the queue. */
export function raiseHand(turn: Turn): void {
  const { room, actor, now } = turn;
  refuseIfOver(turn);
  refuseIfMuted(turn);
  if (memberOf(room, actor.userId).handRaisedAt !== null) return;
  changeMember(turn, actor.userId, { handRaisedAt: now });
  const hand = { userId: actor.userId, name: actor.name, raisedAt: now };
  emit(turn, actor.userId, { type: 'hand.raised', hand });
}

export function lowerHand(turn: Turn, request: Request<'hand.lower'>): void {
  const userId = request.userId ?? turn.actor.userId;
  if (userId !== turn.actor.userId && turn.actor.role !== 'host') throw new AppError('forbidden');
  takeHandDown(turn, userId);
}

export function takeHandDown(turn: Turn, userId: string): void {
  if (memberOf(turn.room, userId).handRaisedAt === null) return;
  changeMember(turn, userId, { handRaisedAt: null });
  emit(turn, userId, { type: 'hand.lowered', userId });
}
