/** Which event needs which role in the class. One table, asked in one place: what is not listed is refused. */
import type { ClassRole } from '@keshi/contract/domain';
import type { ClientEventName } from '@keshi/contract/signaling';

const everyone: readonly ClassRole[] = ['host', 'attendee', 'observer'];
const hostOnly: readonly ClassRole[] = ['host'];
const speakers: readonly ClassRole[] = ['host', 'attendee'];
const learners: readonly ClassRole[] = ['attendee'];
const overseers: readonly ClassRole[] = ['host', 'observer'];

export const rolesOf: Readonly<Record<ClientEventName, readonly ClassRole[]>> = {
  join: everyone,
  leave: everyone,
  'media.connect': everyone,
  'media.restartIce': everyone,
  'media.publish': speakers,
  'media.produce': speakers,
  'media.producer': speakers,
  'media.consumer': everyone,
  'media.layers': everyone,
  'media.audioOnly': everyone,
  'media.rejoin': everyone,
  'class.start': hostOnly,
  'class.pause': hostOnly,
  'class.resume': hostOnly,
  'class.end': hostOnly,
  'chat.send': speakers,
  'chat.delete': hostOnly,
  'chat.slow': hostOnly,
  'member.mute': hostOnly,
  'member.ban': hostOnly,
  'hand.raise': learners,
  'hand.lower': speakers,
  'stage.invite': hostOnly,
  'stage.accept': learners,
  'stage.leave': learners,
  'stage.remove': hostOnly,
  'stage.hold': hostOnly,
  'question.ask': learners,
  'question.vote': learners,
  'question.answer': hostOnly,
  'question.delete': hostOnly,
  'quiz.open': hostOnly,
  'quiz.answer': learners,
  'quiz.close': hostOnly,
  'identity.retry': learners,
  'identity.notice': learners,
  'identity.show': learners,
  'roster.page': overseers,
  'board.watch': overseers,
};

export function mayUse(role: ClassRole, event: ClientEventName): boolean {
  return rolesOf[event].includes(role);
}
