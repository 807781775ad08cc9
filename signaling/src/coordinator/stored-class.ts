/** The coordinator's store on PostgreSQL. */
import type { Person } from '@keshi/contract/signaling';
import { FencedOut, append, takeOver, type ClassWrite } from '@keshi/db/class-log';
import {
  hasMessage,
  latestEvents,
  learnersOfClass,
  preparedQuestion,
  votersOf,
} from '@keshi/db/class-recovery';
import { answersTo, loadClass, type StoredClass } from '@keshi/db/class-state';
import { getClass } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { isRefused } from '@keshi/db/failures';
import { latestChat } from '@keshi/db/class-state';
import { storeScreeningHit } from '@keshi/db/screening';
import type { Classroom, Member, RoomQuestion, RoomQuiz } from './classroom.ts';
import { chatKept } from './classroom.ts';
import { IndexedMap } from './indexed-map.ts';
import { payloadOf, replay } from './replay.ts';
import type { ClassStore, LoadedClass, Stored } from './store.ts';
import type { Turn } from './turn.ts';

const recentKept = 300;

export function createClassStore(db: Db): ClassStore {
  async function load(classId: string, fence: number): Promise<LoadedClass> {
    const stored = await loadClass(db, classId);
    if (!stored || stored.class.fence !== fence) throw new FencedOut(classId);
    const [learners, voters, events, chat] = await Promise.all([
      learnersOfClass(db, classId),
      votersOf(db, classId),
      latestEvents(db, classId, recentKept),
      latestChat(db, classId, recentKept),
    ]);
    const quizzes = await Promise.all(
      stored.quizzes.map(async (quiz) => ({ quiz, answers: await answersTo(db, quiz.id) })),
    );
    const room = toRoom(stored, learners, voters, quizzes);
    return { fence, room, recent: replay(room, events, chat) };
  }

  return {
    async takeOver(classId) {
      try {
        const { fence } = await takeOver(db, classId);
        return await load(classId, fence);
      } catch (error) {
        if (isRefused(error) && error.code === 'not-found') return null;
        throw error;
      }
    },
    reload: load,
    async append(classId, fence, turns) {
      for (const { stopped } of turns)
        for (const hit of stopped) await storeScreeningHit(db, { classId, ...hit, terms: [...hit.terms] });
      const written = await append(db, classId, fence, turns.map(toWrite));
      const results = written.map((result): Stored =>
        result.kind === 'stored' ? { kind: 'stored' } : result,
      );
      const inOrder = written.every(
        (result, index) =>
          result.kind === 'stored' &&
          result.seqs.every((seq, position) => turns[index]?.events[position]?.seq === seq),
      );
      return { results, inOrder };
    },
    async preparedQuiz(classId, quizId) {
      const draft = await preparedQuestion(db, classId, quizId);
      return draft && { preparedId: quizId, draft };
    },
    chatExists: (classId, messageId) => hasMessage(db, classId, messageId),
    isRecorded: async (classId) => (await getClass(db, classId))?.record ?? false,
  };
}

function toWrite({ events, changes }: Turn): ClassWrite {
  return {
    changes,
    events: events.map(({ event, audience, actorId }) => ({
      type: event.type,
      at: event.at,
      audience,
      actorId,
      payload: payloadOf(event),
    })),
  };
}

function toRoom(
  stored: StoredClass,
  learners: ReadonlyMap<string, string>,
  voters: ReadonlyMap<string, string[]>,
  quizzes: readonly { quiz: StoredClass['quizzes'][number]; answers: RoomQuiz['answers'] }[],
): Classroom {
  const { class: row } = stored;
  const host: Person = { userId: row.instructorId, name: row.instructorName, role: 'host' };
  const personOf = (userId: string): Person => ({
    userId,
    name: stored.names.get(userId) ?? learners.get(userId) ?? '',
    role: userId === host.userId ? 'host' : 'attendee',
  });
  const questions = stored.questions.map((question): RoomQuestion => ({
    ...question,
    from: personOf(question.userId),
    voters: new Set(voters.get(question.id)),
  }));
  return {
    id: row.id,
    title: row.title,
    courseTitle: row.courseTitle,
    groupName: row.groupName,
    orgPath: row.orgPaths[0] ?? '',
    policy: row.policy,
    ordinal: row.ordinal,
    scheduledStart: row.scheduledStart,
    scheduledEnd: row.scheduledEnd,
    host,
    enrolled: learners,
    record: row.record,
    state: row.state,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    slowModeSeconds: row.slowModeSeconds,
    seq: row.seq,
    spans: stored.spans,
    chat: stored.chat.slice(-chatKept).map(({ userId, role, id, seq, at, text }) => ({
      id,
      seq,
      at,
      text,
      from: { ...personOf(userId), role },
    })),
    sent: new Map(stored.chat.map(({ userId, clientId, id }) => [`${userId}/${clientId}`, id])),
    lastChatAt: new Map(stored.chat.map(({ userId, at }) => [userId, at])),
    members: new IndexedMap<string, Member, 'hand' | 'stage'>(
      { hand: ({ handRaisedAt }) => handRaisedAt !== null, stage: ({ stage }) => stage !== null },
      stored.members.map((member) => [member.userId, member]),
    ),
    questions: new IndexedMap(
      { open: ({ state }) => state === 'open' },
      questions.map((question) => [question.id, question]),
    ),
    quizzes: new Map(quizzes.map(({ quiz, answers }) => [quiz.id, toQuiz(quiz, answers)])),
    people: new Map([...stored.names.keys()].map((userId) => [userId, personOf(userId)])),
    online: new IndexedMap({ attendee: ({ person }) => person.role === 'attendee' }),
    sources: new Map(),
    recording: { state: 'off' },
    overflow: { squeezed: 0, files: 0 },
  };
}

function toQuiz(quiz: StoredClass['quizzes'][number], answers: RoomQuiz['answers']): RoomQuiz {
  const { totals, ...asked } = quiz;
  return {
    ...asked,
    asked: totals.asked,
    answered: totals.answered,
    correctCount: totals.correct,
    perOption: totals.perOption,
    answers,
  };
}
