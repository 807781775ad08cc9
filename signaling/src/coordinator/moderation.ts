import type { Request } from '@keshi/contract/signaling';
import { AppError } from '@keshi/runtime/errors';
import { memberOf } from './classroom.ts';
import { takeHandDown } from './hands.ts';
import { leaveStage } from './stage.ts';
import { changeMember, emit, requireKnown, type Turn } from './turn.ts';

/** The end of time, for "until the class ends": a number, so that it is stored and compared like any other. */
export const untilClassEnds = Date.UTC(9999, 11, 31);

/** Chat, questions and hands; quizzes stay open to the muted, because they are about learning, not about noise. */
export function muteMember(turn: Turn, { userId, minutes }: Request<'member.mute'>): void {
  requireLearner(turn, userId);
  const { now } = turn;
  const until = minutes === 0 ? null : minutes === null ? untilClassEnds : now + minutes * 60_000;
  if (until !== null) takeHandDown(turn, userId);
  changeMember(turn, userId, { mutedUntil: until });
  emit(turn, userId, { type: 'member.muted', userId, until });
}

/** Out at once, with everything they had in the class, and not in again until it is lifted. */
export function banMember(turn: Turn, { userId, banned }: Request<'member.ban'>): void {
  requireLearner(turn, userId);
  const { now, room } = turn;
  if (banned) {
    takeHandDown(turn, userId);
    if (memberOf(room, userId).stage !== null) leaveStage(turn, userId);
  }
  changeMember(turn, userId, { bannedAt: banned ? now : null });
  emit(turn, userId, { type: 'member.banned', userId, banned });
  if (banned) turn.effects.push({ kind: 'put-out', userId });
}

function requireLearner(turn: Turn, userId: string): void {
  requireKnown(turn, userId);
  const online = turn.room.online.get(userId)?.person.role;
  if (userId === turn.room.host.userId || (online !== undefined && online !== 'attendee'))
    throw new AppError('forbidden');
}
