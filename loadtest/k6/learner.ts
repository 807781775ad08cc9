/** A learner's part in a lively class: chats, asks, votes and answers, each at the moment its number gives it. */
import { setTimeout } from 'k6/timers';
import { payloadOf, type ClassSocket } from './class-socket.ts';
import { announcementMark, quizOptions, timetable } from './instructor.ts';
import {
  broadcastMs,
  broadcastsHeard,
  chatAckMs,
  eventsMissed,
  frames,
  quizAckMs,
  quizAnswers,
  refused,
} from './metrics.ts';
import type { Lively, Member } from './plan.ts';
import { uuid } from './uuid.ts';

/** One learner in so many reads every event and checks that none is missing; the others look for what is meant for them. */
const readsAllEvery = 50;
const questionMark = '@question';

interface Events {
  events: { type: string; seq: number; question?: { id: string; text: string }; quiz?: { id: string } }[];
}

export interface Learner {
  joined(socket: ClassSocket, seq: number): void;
  heard(socket: ClassSocket, name: string, json: string): void;
}

export function createLearner(member: Member, lively: Lively): Learner {
  const readsAll = member.n % readsAllEvery === 0;
  let seq = 0;
  let voted = 0;

  function joined(socket: ClassSocket, atSeq: number): void {
    seq = atSeq;
    const { chatFromMs } = timetable(lively);
    const chats = Math.floor((lively.chatPerSecond * lively.chatMs) / 1_000);
    // They take turns: with fewer of them than messages each sends several.
    const first = member.n < lively.chatters ? member.n : chats;
    for (let n = first; n < chats; n += lively.chatters)
      setTimeout(() => chat(socket, n), chatFromMs + (n * 1_000) / lively.chatPerSecond - Date.now());
    if (member.n < lively.questions)
      setTimeout(
        () => askQuestion(socket),
        chatFromMs + (member.n * lively.chatMs) / (2 * lively.questions) - Date.now(),
      );
  }

  function chat(socket: ClassSocket, n: number): void {
    const sentAt = Date.now();
    socket.ask(
      'chat.send',
      { clientId: uuid(), text: `第 ${n + 1} 条：接触器和继电器有什么区别？` },
      (answer) => {
        if (answer.ok) chatAckMs.add(Date.now() - sentAt);
        else refused('chat.send', answer.error.code);
      },
    );
  }

  function askQuestion(socket: ClassSocket): void {
    const text = `${questionMark} ${member.n + 1}：熔断器怎么选？`;
    socket.ask('question.ask', { clientId: uuid(), text }, (answer) => {
      if (!answer.ok) refused('question.ask', answer.error.code);
    });
  }

  function vote(socket: ClassSocket, json: string): void {
    // Learners after those who ask vote for the first question they hear of.
    if (voted > 0 || member.n < lively.questions || member.n >= lively.questions + lively.votes) return;
    for (const { type, question } of payloadOf<Events>(json).events) {
      if (type !== 'question.asked' || !question || voted > 0) continue;
      voted += 1;
      socket.ask('question.vote', { id: question.id, vote: true }, (answer) => {
        if (!answer.ok) refused('question.vote', answer.error.code);
      });
    }
  }

  function answerQuiz(socket: ClassSocket, json: string): void {
    for (const { type, quiz } of payloadOf<Events>(json).events) {
      if (type !== 'quiz.opened' || !quiz) continue;
      setTimeout(() => {
        const askedAt = Date.now();
        const choice = [member.n % quizOptions.length];
        socket.ask('quiz.answer', { quizId: quiz.id, choice }, (answer) => {
          if (!answer.ok) return refused('quiz.answer', answer.error.code);
          quizAnswers.add(1);
          quizAckMs.add(Date.now() - askedAt);
        });
      }, Math.random() * lively.quizWithinMs);
    }
  }

  function measure(json: string): void {
    const heardAt = Date.now();
    for (let at = json.indexOf(announcementMark); at >= 0; at = json.indexOf(announcementMark, at + 1)) {
      broadcastsHeard.add(1);
      broadcastMs.add(heardAt - parseInt(json.slice(at + announcementMark.length), 10));
    }
  }

  function follow(json: string): void {
    for (const event of payloadOf<Events>(json).events) {
      if (event.seq > seq + 1) eventsMissed.add(event.seq - seq - 1);
      seq = Math.max(seq, event.seq);
    }
  }

  return {
    joined,
    heard(socket, name, json) {
      frames.add(1);
      if (name !== 'events') return;
      measure(json);
      if (readsAll) follow(json);
      if (json.includes(questionMark)) vote(socket, json);
      if (json.includes('"quiz.opened"')) answerQuiz(socket, json);
    },
  };
}
