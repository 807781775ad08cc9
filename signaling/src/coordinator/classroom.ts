/** A class in progress as its coordinator holds it in memory: loaded from the database, changed by commands. */
import type { ClassState, MediaSource, QuestionState, QuizKind } from '@keshi/contract/domain';
import type { ChatMessage, Person, RecordingNow } from '@keshi/contract/signaling';
import type { IndexedMap } from './indexed-map.ts';

export interface LiveSpan {
  readonly from: number;
  readonly to: number | null;
}

export interface Member {
  readonly userId: string;
  readonly handRaisedAt: number | null;
  readonly stage: 'invited' | 'on' | null;
  /** Sources the host holds muted. */
  readonly held: readonly MediaSource[];
  readonly mutedUntil: number | null;
  readonly bannedAt: number | null;
}

export interface RoomQuestion {
  readonly id: string;
  readonly at: number;
  readonly from: Person;
  readonly text: string;
  readonly state: QuestionState;
  readonly answer: string | null;
  readonly answeredBy: string | null;
  readonly answeredAt: number | null;
  /** Who voted for it: also how often. */
  readonly voters: Set<string>;
}

export interface RoomQuiz {
  readonly id: string;
  readonly kind: QuizKind;
  readonly stem: string;
  readonly options: readonly string[];
  readonly correct: readonly number[];
  readonly openedAt: number;
  readonly closesAt: number;
  readonly closedAt: number | null;
  readonly asked: number;
  /** Counted with every answer, never by going through all of them. */
  readonly answered: number;
  readonly correctCount: number;
  readonly perOption: readonly number[];
  readonly answers: Map<string, { readonly choice: readonly number[]; readonly correct: boolean }>;
}

/** Someone connected to the class, on whichever node. */
export interface Presence {
  readonly person: Person;
  readonly connectionId: string;
  readonly nodeId: string;
  /** How this person has picture and sound. */
  readonly media: PresentMedia;
}

/** `squeezed`: pictures are left out for want of room. */
export type PresentMedia =
  | { readonly kind: 'none' }
  | { readonly kind: 'node'; readonly nodeId: string; readonly squeezed: boolean }
  | { readonly kind: 'hls' };

/** The one mutable record of a class; what changes goes through a Draft. */
export interface Classroom {
  readonly id: string;
  readonly title: string;
  readonly courseTitle: string;
  readonly groupName: string;
  readonly orgPath: string;
  readonly ordinal: number;
  readonly scheduledStart: number;
  readonly scheduledEnd: number;
  readonly host: Person;
  /** The course's overrides of the rules' numbers, as stored. */
  readonly policy: unknown;
  /** Names of everyone enrolled, by id: denominators and the roster. */
  readonly enrolled: ReadonlyMap<string, string>;

  state: ClassState;
  startedAt: number | null;
  endedAt: number | null;
  slowModeSeconds: number;
  seq: number;
  spans: readonly LiveSpan[];
  /** The latest messages that are not deleted, oldest first. */
  chat: readonly ChatMessage[];
  /** `user/clientId` to message or question id: what was sent twice is stored once. */
  readonly sent: Map<string, string>;
  readonly lastChatAt: Map<string, number>;
  readonly members: IndexedMap<string, Member, 'hand' | 'stage'>;
  readonly questions: IndexedMap<string, RoomQuestion, 'open'>;
  readonly quizzes: Map<string, RoomQuiz>;
  /** Names of people who may not be connected now. */
  readonly people: Map<string, Person>;

  // Known only while it runs, never stored.
  online: IndexedMap<string, Presence, 'attendee'>;
  sources: Map<string, ReadonlyMap<MediaSource, { readonly paused: boolean }>>;
  /** The class is set to be recorded [A6]: as it was when it started, and until then as it was last read. */
  record: boolean;
  recording: RecordingNow;
  /** How many are given less than they asked for, for want of room. */
  overflow: { squeezed: number; files: number };
}

export const chatKept = 50;

export function memberOf(room: Classroom, userId: string): Member {
  return (
    room.members.get(userId) ?? {
      userId,
      handRaisedAt: null,
      stage: null,
      held: [],
      mutedUntil: null,
      bannedAt: null,
    }
  );
}

export function personOf(room: Classroom, userId: string): Person {
  const known = room.online.get(userId)?.person ?? room.people.get(userId);
  if (known) return known;
  if (userId === room.host.userId) return room.host;
  return { userId, name: room.enrolled.get(userId) ?? '', role: 'attendee' };
}

/** Live time so far, pauses excluded, ms [AT5]. */
export function liveMs(room: Classroom, now: number): number {
  let total = 0;
  for (const { from, to } of room.spans) total += Math.max(0, (to ?? Math.max(now, from)) - from);
  return total;
}

export function isOver(room: Classroom): boolean {
  return room.state === 'ended' || room.state === 'cancelled';
}

export function openQuizOf(room: Classroom): RoomQuiz | null {
  for (const quiz of room.quizzes.values()) if (quiz.closedAt === null) return quiz;
  return null;
}

/** Whether a person may publish: the host always, a learner while on stage. */
export function mayPublish(room: Classroom, userId: string): boolean {
  if (isOver(room)) return false;
  return userId === room.host.userId || memberOf(room, userId).stage === 'on';
}
