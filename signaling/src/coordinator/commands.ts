/** From a command's name to the slice that decides it. */
import type { MediaSource } from '@keshi/contract/domain';
import type { ClientEventName, Request } from '@keshi/contract/signaling';
import type { Screen } from '../screening.ts';
import { deleteChat, sendChat, slowChat } from './chat.ts';
import { lowerHand, raiseHand } from './hands.ts';
import { endClass, pauseClass, resumeClass, startClass } from './lifecycle.ts';
import { banMember, muteMember } from './moderation.ts';
import { answerQuestion, askQuestion, deleteQuestion, voteQuestion } from './questions.ts';
import { answerQuiz, closeQuiz, openQuiz, type AskedQuiz } from './quiz.ts';
import { acceptStage, holdSource, hostSeen, inviteToStage, leaveStage, publishedSource } from './stage.ts';
import type { Turn } from './turn.ts';

/** Events of a page that change the class; the others are answered by the node that holds the connection. */
export const commandNames = [
  'class.start',
  'class.pause',
  'class.resume',
  'class.end',
  'chat.send',
  'chat.delete',
  'chat.slow',
  'member.mute',
  'member.ban',
  'hand.raise',
  'hand.lower',
  'stage.invite',
  'stage.accept',
  'stage.leave',
  'stage.remove',
  'stage.hold',
  'question.ask',
  'question.vote',
  'question.answer',
  'question.delete',
  'quiz.open',
  'quiz.answer',
  'quiz.close',
] as const satisfies readonly ClientEventName[];

export type CommandName = (typeof commandNames)[number];

/** A page's command with its request, as one union. */
export type PageCommand = { [K in CommandName]: { name: K; request: Request<K> } }[CommandName];

/** What happens without a page asking for it: time, media, people coming and going. */
export type OwnCommand =
  | { name: 'quiz.timeout'; quizId: string }
  | { name: 'stage.expired'; userId: string }
  | { name: 'host.seen'; online: boolean }
  | { name: 'stage.published'; userId: string; source: MediaSource; state: { paused: boolean } | null };

export interface CommandContext {
  screen: Screen;
  /** Looked up in the database before the turn, for the few commands that need it. */
  prepared: { quiz: AskedQuiz | null; chatExists: boolean };
}

/** Decides one command. Throws AppError to refuse it; what it had changed by then is undone by the caller. */
export function decide(turn: Turn, command: PageCommand | OwnCommand, context: CommandContext): object {
  const { screen, prepared } = context;
  switch (command.name) {
    case 'class.start':
      return nothing(startClass(turn));
    case 'class.pause':
      return nothing(pauseClass(turn));
    case 'class.resume':
      return nothing(resumeClass(turn));
    case 'class.end':
      return nothing(endClass(turn));
    case 'chat.send':
      return sendChat(turn, command.request, screen);
    case 'chat.delete':
      return nothing(deleteChat(turn, command.request, prepared.chatExists));
    case 'chat.slow':
      return nothing(slowChat(turn, command.request));
    case 'member.mute':
      return nothing(muteMember(turn, command.request));
    case 'member.ban':
      return nothing(banMember(turn, command.request));
    case 'hand.raise':
      return nothing(raiseHand(turn));
    case 'hand.lower':
      return nothing(lowerHand(turn, command.request));
    case 'stage.invite':
      return nothing(inviteToStage(turn, command.request));
    case 'stage.accept':
      return nothing(acceptStage(turn));
    case 'stage.leave':
      return nothing(leaveStage(turn, turn.actor.userId));
    case 'stage.remove':
      return nothing(leaveStage(turn, command.request.userId));
    case 'stage.hold':
      return nothing(holdSource(turn, command.request));
    case 'question.ask':
      return askQuestion(turn, command.request, screen);
    case 'question.vote':
      return nothing(voteQuestion(turn, command.request));
    case 'question.answer':
      return nothing(answerQuestion(turn, command.request, screen));
    case 'question.delete':
      return nothing(deleteQuestion(turn, command.request));
    case 'quiz.open': {
      const asked = prepared.quiz;
      return asked ? openQuiz(turn, asked, screen) : nothing();
    }
    case 'quiz.answer':
      return nothing(answerQuiz(turn, command.request));
    case 'quiz.close':
      return nothing(closeQuiz(turn, command.request.quizId));
    case 'quiz.timeout':
      return nothing(closeQuiz(turn, command.quizId));
    case 'stage.expired':
      return nothing(leaveStage(turn, command.userId));
    case 'host.seen':
      return nothing(hostSeen(turn, command.online));
    case 'stage.published':
      return nothing(publishedSource(turn, command.userId, command.source, command.state));
  }
}

function nothing(_done?: void): Record<string, never> {
  return {};
}
