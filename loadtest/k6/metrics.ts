/** What every scenario counts. Names end in their unit. */
import { Counter, Trend } from 'k6/metrics';

/** From setting out to the class's snapshot, refusals and their waits included. */
export const joinMs = new Trend('join_ms', true);
export const joined = new Counter('joined');
/** Told to come back later, and how often the way to the server broke before. */
export const refusedForNow = new Counter('refused_for_now');
export const connectFailures = new Counter('connect_failures');
export const unexpectedDisconnects = new Counter('unexpected_disconnects');
/** Lost when every node was killed, and from then to the class's snapshot again, all tries included. */
export const stormDisconnects = new Counter('storm_disconnects');
export const stormFailures = new Counter('storm_failures');
export const rejoined = new Counter('rejoined');
export const rejoinMs = new Trend('rejoin_ms', true);
export const beats = new Counter('beats');
/** One beat in a hundred asks for an answer. */
export const beatAckMs = new Trend('beat_ack_ms', true);
/** From the instructor's sending to each member's hearing, ms: every member, every announcement. */
export const broadcastMs = new Trend('broadcast_ms', true);
export const broadcastsHeard = new Counter('broadcasts_heard');
/** From a learner's sending to the acknowledgement that it is stored. */
export const chatAckMs = new Trend('chat_ack_ms', true);
export const frames = new Counter('frames');
export const eventsMissed = new Counter('events_missed');
export const quizAnswers = new Counter('quiz_answers');
export const quizAckMs = new Trend('quiz_ack_ms', true);
export const quizWrongTotals = new Counter('quiz_wrong_totals');
const refusedCommands = new Counter('refused_commands');
/** k6's own. */
declare const console: { warn(text: string): void };

/** `--verbose` shows which. */
export function refused(command: string, code: string): void {
  refusedCommands.add(1);
  console.warn(`${command} was refused: ${code}`);
}
/** Between two changes of the board that a supervisor watches. */
export const boardGapMs = new Trend('board_gap_ms', true);
