/** The instructor's part: begins the class, announces, asks a quiz and compares its totals with what was answered. */
import { setTimeout } from 'k6/timers';
import type { ClassSocket } from './class-socket.ts';
import { payloadOf } from './class-socket.ts';
import { quizWrongTotals, refused } from './metrics.ts';
import { settings, type Lively } from './plan.ts';
import { uuid } from './uuid.ts';

/** By which members know an announcement and when it was sent. */
export const announcementMark = '@sent:';
export const quizOptions = ['甲', '乙', '丙', '丁'];
/** Announcements come after the chat has begun, so that they are heard in a lively class. */
const announceEveryMs = 1_000;
const pauseMs = 3_000;
/** Members whose answers are on their way when it closes would be refused. */
const quizMarginMs = 15_000;

export function startClass(socket: ClassSocket): void {
  socket.ask('class.start', {}, (answer) => {
    if (!answer.ok && answer.error.code !== 'already-done') refused('class.start', answer.error.code);
  });
}

/** When the parts of a lively class begin, epoch ms. */
export function timetable(lively: Lively) {
  const chatFromMs = settings.startAtMs + settings.rampMs + pauseMs;
  const quizAtMs = chatFromMs + lively.chatMs + pauseMs;
  return { chatFromMs, quizAtMs, quizClosesMs: quizAtMs + lively.quizWithinMs + quizMarginMs };
}

export function teach(socket: ClassSocket, lively: Lively): void {
  const { chatFromMs, quizAtMs, quizClosesMs } = timetable(lively);
  for (let n = 0; n < lively.announcements; n++)
    setTimeout(() => announce(socket, n), chatFromMs + n * announceEveryMs - Date.now());
  setTimeout(() => {
    const seconds = Math.ceil((quizClosesMs - quizAtMs) / 1_000);
    const quiz = { kind: 'single', stem: '下列哪一项正确？', options: quizOptions, correct: [0], seconds };
    command(socket, 'quiz.open', quiz);
  }, quizAtMs - Date.now());
}

function announce(socket: ClassSocket, n: number): void {
  const text = `通知 ${n + 1} ${announcementMark}${Date.now()}`;
  command(socket, 'chat.send', { clientId: uuid(), text });
}

function command(socket: ClassSocket, name: string, payload: unknown): void {
  socket.ask(name, payload, (answer) => {
    if (!answer.ok) refused(name, answer.error.code);
  });
}

interface ClosedQuiz {
  events: {
    type: string;
    quiz?: { totals: { answered: number; perOption: number[]; correct: number | null } | null };
  }[];
}

/** Each learner chose the option of its number; so the totals are known. */
export function checkTotals(json: string): void {
  for (const { type, quiz } of payloadOf<ClosedQuiz>(json).events) {
    if (type !== 'quiz.closed') continue;
    const { answered = 0, perOption = [], correct = null } = quiz?.totals ?? {};
    const each = quizOptions.map((_, option) => Math.ceil((settings.learners - option) / quizOptions.length));
    const isRight =
      answered === settings.learners &&
      correct === each[0] &&
      each.every((count, at) => count === perOption[at]);
    quizWrongTotals.add(isRight ? 0 : 1);
  }
}
