/**
 * Events as they are stored and as they are told again. The log holds ids and numbers; texts and names live once in
 * their own rows. An event told again says how things are by now, so a deleted message stays deleted.
 */
import type { ClassRole } from '@keshi/contract/domain';
import type { ClassEvent } from '@keshi/contract/signaling';
import type { EventPayload } from '@keshi/db/class-log';
import type { StoredChat, StoredEvent } from '@keshi/db/class-state';
import { z } from 'zod';
import { memberOf, personOf, type Classroom } from './classroom.ts';
import type { RoomEvent } from './turn.ts';
import { liveClassView, questionView, quizView, stageMemberView } from './views.ts';

export function payloadOf(event: ClassEvent): EventPayload {
  switch (event.type) {
    case 'class.changed':
      return { state: event.class.state };
    case 'chat.sent':
      return { messageId: event.message.id };
    case 'chat.deleted':
      return { messageId: event.id };
    case 'chat.slowed':
      return { seconds: event.seconds };
    case 'member.muted':
      return { userId: event.userId, until: event.until };
    case 'member.banned':
      return { userId: event.userId, banned: event.banned };
    case 'hand.raised':
      return { userId: event.hand.userId };
    case 'hand.lowered':
    case 'stage.left':
      return { userId: event.userId };
    case 'stage.changed':
      return { userId: event.member.userId };
    case 'question.asked':
    case 'question.changed':
      return { questionId: event.question.id };
    case 'quiz.opened':
    case 'quiz.closed':
      return { quizId: event.quiz.id };
    case 'screening.alerted':
      return { hitId: event.alert.id, userId: event.alert.from.userId };
  }
}

const payload = z.object({
  userId: z.string().default(''),
  messageId: z.string().default(''),
  questionId: z.string().default(''),
  quizId: z.string().default(''),
  seconds: z.int().default(0),
  until: z.int().nullable().default(null),
  banned: z.boolean().default(false),
});

/** What can no longer be told, because what it was about is gone, is left out. */
export function replay(
  room: Classroom,
  events: readonly StoredEvent[],
  chat: readonly StoredChat[],
): RoomEvent[] {
  const messages = new Map(chat.map((message) => [message.id, message]));
  return events.flatMap((stored) => {
    const tell = (role: ClassRole) => retold(room, messages, stored, role);
    const event = tell('attendee');
    if (!event) return [];
    const perRole =
      stored.type === 'quiz.opened'
        ? { host: tell('host') ?? event, observer: tell('observer') ?? event }
        : {};
    return [{ seq: stored.seq, audience: stored.audience, actorId: stored.actorId, event, perRole }];
  });
}

function retold(
  room: Classroom,
  messages: ReadonlyMap<string, StoredChat>,
  stored: StoredEvent,
  role: ClassRole,
): ClassEvent | null {
  const { seq, at } = stored;
  const told = payload.parse(stored.payload);
  const { userId } = told;
  switch (stored.type) {
    case 'class.changed':
      return { type: stored.type, seq, at, class: liveClassView(room, at) };
    case 'chat.sent': {
      const message = messages.get(told.messageId);
      if (!message) return null;
      const { id, text } = message;
      const from = { ...personOf(room, message.userId), role: message.role };
      return { type: stored.type, seq, at, message: { id, from, text } };
    }
    case 'chat.deleted':
      return { type: stored.type, seq, at, id: told.messageId, by: stored.actorId ?? room.host.userId };
    case 'chat.slowed':
      return { type: stored.type, seq, at, seconds: told.seconds };
    case 'member.muted':
      return { type: stored.type, seq, at, userId, until: told.until };
    case 'member.banned':
      return { type: stored.type, seq, at, userId, banned: told.banned };
    case 'hand.raised':
      return {
        type: stored.type,
        seq,
        at,
        hand: { userId, name: personOf(room, userId).name, raisedAt: at },
      };
    case 'hand.lowered':
    case 'stage.left':
      return { type: stored.type, seq, at, userId };
    case 'stage.changed':
      if (memberOf(room, userId).stage === null && userId !== room.host.userId) return null;
      return { type: stored.type, seq, at, member: stageMemberView(room, userId) };
    case 'question.asked':
    case 'question.changed': {
      const question = room.questions.get(told.questionId);
      return question ? { type: stored.type, seq, at, question: questionView(room, question, null) } : null;
    }
    case 'quiz.opened':
    case 'quiz.closed': {
      const quiz = room.quizzes.get(told.quizId);
      return quiz ? { type: stored.type, seq, at, quiz: quizView(quiz, role, null) } : null;
    }
    // The text is sealed; the hosts' alert of a former coordinator is in the supervisors' list.
    case 'screening.alerted':
      return null;
  }
}
