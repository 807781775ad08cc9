import type { MediaSource } from '@keshi/contract/domain';
import type { Request } from '@keshi/contract/signaling';
import { AppError } from '@keshi/runtime/errors';
import { mayPublish, memberOf, personOf } from './classroom.ts';
import { takeHandDown } from './hands.ts';
import { changeMember, emit, refuseIfOver, requireKnown, type Turn } from './turn.ts';
import { stageMemberView } from './views.ts';

/** More than this many learners beside the host would be nobody's stage any more. */
export const stageSize = 8;

/** Inviting somebody who is invited or on stage already changes nothing. */
export function inviteToStage(turn: Turn, { userId }: Request<'stage.invite'>): void {
  const { room } = turn;
  refuseIfOver(turn);
  const guest = room.online.get(userId)?.person;
  if (!guest || guest.role !== 'attendee') throw new AppError('not-found');
  if (memberOf(room, userId).stage !== null) return;
  const onStage = room.members.keysOf('stage').size;
  if (onStage >= stageSize) throw new AppError('full');
  takeHandDown(turn, userId);
  changeMember(turn, userId, { stage: 'invited' });
  rememberPerson(turn, userId);
  emit(turn, userId, { type: 'stage.changed', member: stageMemberView(room, userId) });
}

export function acceptStage(turn: Turn): void {
  refuseIfOver(turn);
  const { userId } = turn.actor;
  switch (memberOf(turn.room, userId).stage) {
    case null:
      throw new AppError('not-invited');
    case 'on':
      return;
    case 'invited':
  }
  changeMember(turn, userId, { stage: 'on' });
  emit(turn, 'all', { type: 'stage.changed', member: stageMemberView(turn.room, userId) });
}

/** Also declines an invitation. */
export function leaveStage(turn: Turn, userId: string): void {
  const { stage } = memberOf(turn.room, userId);
  if (stage === null) throw new AppError('not-on-stage');
  // The SFU keeps a hold beyond the stream; whoever is invited again starts unmuted.
  for (const source of memberOf(turn.room, userId).held)
    turn.effects.push({ kind: 'hold', userId, source, held: false });
  changeMember(turn, userId, { stage: null, held: [] });
  turn.draft.delete(turn.room.sources, userId);
  emit(turn, stage === 'on' ? 'all' : userId, { type: 'stage.left', userId });
  if (stage === 'on') turn.effects.push({ kind: 'unpublish', userId });
}

/** The host mutes a source whatever the page does; it stays so for producers made later. */
export function holdSource(turn: Turn, { userId, source, held }: Request<'stage.hold'>): void {
  const { room } = turn;
  requireKnown(turn, userId);
  if (!mayPublish(room, userId)) throw new AppError('not-on-stage');
  const others = memberOf(room, userId).held.filter((other) => other !== source);
  changeMember(turn, userId, { held: held ? [...others, source] : others });
  turn.effects.push({ kind: 'hold', userId, source, held });
  emit(turn, 'all', { type: 'stage.changed', member: stageMemberView(room, userId) });
}

/** What the media node reports of a publisher; null: the source is gone. */
export function publishedSource(
  turn: Turn,
  userId: string,
  source: MediaSource,
  state: { paused: boolean } | null,
): void {
  const { room } = turn;
  // A producer made just before its owner left the stage must not outlive that.
  if (state && !mayPublish(room, userId)) {
    turn.effects.push({ kind: 'unpublish', userId });
    return;
  }
  const before = room.sources.get(userId);
  if (!state && !before?.has(source)) return;
  const known = before?.get(source);
  if (state && known?.paused === state.paused) return;
  const sources = new Map(before);
  if (state) sources.set(source, state);
  else sources.delete(source);
  if (userId === room.host.userId && sources.size === 0 && !room.online.has(userId)) {
    // An encoder went on after the host's page had gone, and has ended now.
    turn.draft.delete(room.sources, userId);
    emit(turn, 'all', { type: 'stage.left', userId });
    return;
  }
  turn.draft.set(room.sources, userId, sources);
  if (state && !known && memberOf(room, userId).held.includes(source))
    turn.effects.push({ kind: 'hold', userId, source, held: true });
  emit(turn, 'all', { type: 'stage.changed', member: stageMemberView(room, userId) });
}

/** The host is seen coming and going; a class goes on without its host, and with the host's encoder alone. */
export function hostSeen(turn: Turn, online: boolean): void {
  const { room } = turn;
  const { userId } = room.host;
  if (online) emit(turn, 'all', { type: 'stage.changed', member: stageMemberView(room, userId) });
  else if (!room.sources.get(userId)?.size) {
    turn.draft.delete(room.sources, userId);
    emit(turn, 'all', { type: 'stage.left', userId });
  }
}

function rememberPerson(turn: Turn, userId: string): void {
  turn.draft.set(turn.room.people, userId, personOf(turn.room, userId));
}
