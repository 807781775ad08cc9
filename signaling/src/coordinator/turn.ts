/** One command being decided: what it may look at, and what it leaves behind. */
import type { ClassRole, MediaSource } from '@keshi/contract/domain';
import type { ClassEvent, Person, ScreeningAlert } from '@keshi/contract/signaling';
import { newId } from '@keshi/db/ids';
import { AppError } from '@keshi/runtime/errors';
import type { Screen } from '../screening.ts';
import type { Classroom, Member } from './classroom.ts';
import { isOver, memberOf } from './classroom.ts';
import { createDraft, type Draft } from './draft.ts';
import type { ClassChange } from '@keshi/db/class-changes';
import type { StoppedText } from './store.ts';

/** `all`, `hosts` (the host and observers), or a user id: the hosts and that one person. */
export type Audience = 'all' | 'hosts' | (string & {});

/** One event as each role sees it. Observers see what attendees see unless told otherwise. */
export interface RoomEvent {
  readonly seq: number;
  readonly audience: Audience;
  readonly actorId: string | null;
  readonly event: ClassEvent;
  readonly perRole: Partial<Record<ClassRole, ClassEvent>>;
}

type EventBody<E = ClassEvent> = E extends ClassEvent ? Omit<E, 'seq' | 'at'> : never;

export type MediaEffect =
  | { kind: 'unpublish'; userId: string }
  | { kind: 'hold'; userId: string; source: MediaSource; held: boolean }
  | { kind: 'close-class' };
/**
 * Work outside the database that follows a stored command: media, recording, putting somebody out. Never fails the
 * command.
 */
export type Effect =
  | Exclude<MediaEffect, { kind: 'close-class' }>
  | { kind: 'class-changed' }
  | { kind: 'put-out'; userId: string };

/** A text that was stopped: the refusal is answered, and yet what it left behind (hit and alert) is stored. */
export class Screened extends AppError {
  constructor() {
    super('screened');
  }
}

export interface Turn {
  readonly room: Classroom;
  readonly actor: Person;
  readonly now: number;
  readonly draft: Draft;
  readonly changes: ClassChange[];
  /** Kept as evidence, sealed. */
  readonly stopped: StoppedText[];
  readonly events: RoomEvent[];
  readonly effects: Effect[];
}

export interface TurnDeps {
  room: Classroom;
  actor: Person;
  now: number;
}

export function createTurn({ room, actor, now }: TurnDeps): Turn {
  return { room, actor, now, draft: createDraft(), changes: [], stopped: [], events: [], effects: [] };
}

/** Gives the event its number. What differs by role is passed as a function of the role. */
export function emit(
  turn: Turn,
  audience: Audience,
  body: EventBody | ((role: ClassRole) => EventBody),
): number {
  const seq = turn.room.seq + 1;
  turn.draft.assign(turn.room, { seq });
  const numbered = (plain: EventBody): ClassEvent => ({ ...plain, seq, at: turn.now });
  const byRole = typeof body === 'function';
  turn.events.push({
    seq,
    audience,
    actorId: turn.actor.userId,
    event: numbered(byRole ? body('attendee') : body),
    perRole: byRole ? { host: numbered(body('host')), observer: numbered(body('observer')) } : {},
  });
  return seq;
}

export function changeMember(turn: Turn, userId: string, patch: Partial<Member>): Member {
  const member = { ...memberOf(turn.room, userId), ...patch };
  turn.draft.set(turn.room.members, userId, member);
  turn.changes.push({ kind: 'member-changed', userId, ...patch });
  return member;
}

export function refuseIfOver(turn: Turn): void {
  if (isOver(turn.room)) throw new AppError('class-ended');
}

export function refuseIfMuted(turn: Turn): void {
  const { mutedUntil } = memberOf(turn.room, turn.actor.userId);
  if (mutedUntil !== null && mutedUntil > turn.now) throw new AppError('muted');
}

/** The other person of a command must belong to the class: enrolled, connected, or known from before. */
export function requireKnown(turn: Turn, userId: string): void {
  const { room } = turn;
  if (!room.enrolled.has(userId) && !room.online.has(userId) && !room.members.has(userId))
    throw new AppError('not-found');
}

/** [C8, J3] Nobody sees a text before it was screened. A hit is kept as evidence and the hosts are alerted. */
export function screenText(
  turn: Turn,
  screen: Screen,
  surface: ScreeningAlert['surface'],
  text: string,
): void {
  const hit = screen(text);
  if (!hit) return;
  const { room, actor, now } = turn;
  const id = newId(now);
  turn.stopped.push({
    id,
    userId: actor.userId,
    at: now,
    surface,
    category: hit.category,
    terms: hit.terms,
    text,
    orgPath: room.orgPath,
  });
  const alert = { id, at: now, from: actor, surface, category: hit.category, excerpt: hit.excerpt };
  emit(turn, 'hosts', { type: 'screening.alerted', alert });
  throw new Screened();
}
