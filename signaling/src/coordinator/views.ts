/** What of a classroom each reader may see. Correct answers reach nobody but the host before a quiz closes [EX6]. */
import type { ClassRole } from '@keshi/contract/domain';
import type {
  Counts,
  Hand,
  LiveClass,
  Person,
  Question,
  Quiz,
  QuizTotals,
  Snapshot,
  StageMember,
} from '@keshi/contract/signaling';
import {
  isOver,
  liveMs,
  memberOf,
  personOf,
  type Classroom,
  type RoomQuestion,
  type RoomQuiz,
} from './classroom.ts';

export function liveClassView(room: Classroom, now: number): LiveClass {
  return {
    id: room.id,
    title: room.title,
    courseTitle: room.courseTitle,
    groupName: room.groupName,
    ordinal: room.ordinal,
    state: room.state,
    scheduledStart: room.scheduledStart,
    scheduledEnd: room.scheduledEnd,
    startedAt: room.startedAt,
    endedAt: room.endedAt,
    liveMs: liveMs(room, now),
    host: room.host,
    slowModeSeconds: room.slowModeSeconds,
  };
}

/** `reader` null: as it is broadcast, knowing nothing of anyone's own vote. */
export function questionView(room: Classroom, question: RoomQuestion, reader: string | null): Question {
  return {
    id: question.id,
    at: question.at,
    from: question.from,
    text: question.state === 'deleted' ? '' : question.text,
    state: question.state,
    votes: question.voters.size,
    voted: reader !== null && question.voters.has(reader),
    answer: question.answer,
    answeredBy: question.answeredBy === null ? null : personOf(room, question.answeredBy).name,
    answeredAt: question.answeredAt,
  };
}

export function quizTotalsView(quiz: RoomQuiz, role: ClassRole): QuizTotals {
  const seesCorrect = quiz.closedAt !== null || role !== 'attendee';
  return {
    quizId: quiz.id,
    answered: quiz.answered,
    asked: quiz.asked,
    perOption: [...quiz.perOption],
    correct: seesCorrect ? quiz.correctCount : null,
  };
}

/** `reader` null: as it is broadcast to everyone of that role. */
export function quizView(quiz: RoomQuiz, role: ClassRole, reader: string | null): Quiz {
  const seesAnswer = quiz.closedAt !== null || role === 'host';
  const mine = reader === null ? undefined : quiz.answers.get(reader);
  return {
    id: quiz.id,
    kind: quiz.kind,
    stem: quiz.stem,
    options: [...quiz.options],
    openedAt: quiz.openedAt,
    closesAt: quiz.closesAt,
    closedAt: quiz.closedAt,
    correct: seesAnswer ? [...quiz.correct] : null,
    mine: mine ? [...mine.choice] : null,
    totals: quizTotalsView(quiz, role),
  };
}

export function handViews(room: Classroom): Hand[] {
  const hands: Hand[] = [];
  for (const userId of room.members.keysOf('hand')) {
    const raisedAt = memberOf(room, userId).handRaisedAt;
    if (raisedAt !== null) hands.push({ userId, name: personOf(room, userId).name, raisedAt });
  }
  return hands.sort((a, b) => a.raisedAt - b.raisedAt);
}

export function stageMemberView(room: Classroom, userId: string): StageMember {
  const { held, stage } = memberOf(room, userId);
  const { name, role } = personOf(room, userId);
  const publishing = room.sources.get(userId) ?? new Map<never, never>();
  return {
    userId,
    name,
    role,
    state: userId === room.host.userId ? 'on' : (stage ?? 'invited'),
    sources: [...publishing].map(([source, { paused }]) => ({ source, paused, held: held.includes(source) })),
  };
}

/** The host is on stage while connected or publishing; learners while invited (seen by few) or on. */
export function stageViews(room: Classroom, role: ClassRole, reader: string): StageMember[] {
  if (isOver(room)) return [];
  const stage: StageMember[] = [];
  const host = room.host.userId;
  if (room.online.has(host) || room.sources.has(host)) stage.push(stageMemberView(room, host));
  for (const userId of room.members.keysOf('stage')) {
    if (userId === host) continue;
    if (memberOf(room, userId).stage === 'on' || role !== 'attendee' || userId === reader)
      stage.push(stageMemberView(room, userId));
  }
  return stage;
}

export function countsView(
  room: Pick<Classroom, 'online' | 'members' | 'questions' | 'enrolled' | 'overflow'>,
): Counts {
  return {
    online: room.online.keysOf('attendee').size,
    expected: room.enrolled.size,
    hands: room.members.keysOf('hand').size,
    openQuestions: room.questions.keysOf('open').size,
    ...room.overflow,
  };
}

/** Everything a page needs to draw the class; `counted` is added by the node that holds the connection. */
export function snapshotView(room: Classroom, reader: Person, beatMs: number, now: number): Snapshot {
  const { userId, role } = reader;
  const own = memberOf(room, userId);
  return {
    serverTime: now,
    seq: room.seq,
    class: liveClassView(room, now),
    you: { ...reader, mutedUntil: own.mutedUntil, handRaised: own.handRaisedAt !== null, beatMs },
    counted: null,
    stage: stageViews(room, role, userId),
    chat: [...room.chat],
    questions: [...room.questions.values()]
      .filter(({ state }) => state !== 'deleted')
      .map((question) => questionView(room, question, userId)),
    quizzes: [...room.quizzes.values()].map((quiz) => quizView(quiz, role, userId)),
    hands: role === 'attendee' ? [] : handViews(room),
    counts: countsView(room),
    recording: room.recording,
  };
}
