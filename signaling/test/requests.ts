/** For every event of the protocol one well-formed request, so that tests can go through all of them. */
import { randomUUID } from 'node:crypto';
import { clientEvents, type ClientEventName, type Request } from '@keshi/contract/signaling';
import { joinRequest } from './harness.ts';

const id = randomUUID();
const dtlsParameters = { fingerprints: [{ algorithm: 'sha-256', value: 'AA:BB' }] };
const transportId = randomUUID();
const consumerId = randomUUID();

export const wellFormed: { [K in ClientEventName]: Request<K> } = {
  join: joinRequest,
  leave: {},
  'media.connect': { transportId, dtlsParameters },
  'media.restartIce': { transportId },
  'media.publish': {},
  'media.produce': {
    transportId,
    kind: 'audio',
    source: 'mic',
    rtpParameters: { codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48000 }] },
    paused: false,
  },
  'media.producer': { producerId: randomUUID(), action: 'pause' },
  'media.consumer': { consumerId, action: 'pause' },
  'media.layers': { consumerId, layers: { spatial: 0 } },
  'media.audioOnly': { audioOnly: true },
  'media.rejoin': { rtpCapabilities: {}, resume: false, audioOnly: false },
  'class.start': {},
  'class.pause': {},
  'class.resume': {},
  'class.end': {},
  'chat.send': { clientId: randomUUID(), text: '你好' },
  'chat.delete': { id },
  'chat.slow': { seconds: 10 },
  'member.mute': { userId: id, minutes: 5 },
  'member.ban': { userId: id, banned: true },
  'hand.raise': {},
  'hand.lower': {},
  'stage.invite': { userId: id },
  'stage.accept': {},
  'stage.leave': {},
  'stage.remove': { userId: id },
  'stage.hold': { userId: id, source: 'mic', held: true },
  'question.ask': { clientId: randomUUID(), text: '为什么？' },
  'question.vote': { id, vote: true },
  'question.answer': { id, mode: 'text', text: '因为' },
  'question.delete': { id },
  'quiz.open': { kind: 'single', stem: '1+1', options: ['1', '2'], correct: [1], seconds: 30 },
  'quiz.answer': { quizId: id, choice: [0] },
  'quiz.close': { quizId: id },
  'identity.retry': {},
  'identity.notice': { notice: 'nobody' },
  'identity.show': { lookId: '00000000-0000-4000-8000-000000000001', picture: null },
  'roster.page': { query: '', offset: 0, limit: 50 },
  'board.watch': { watch: true },
};

export const eventNames = Object.keys(clientEvents) as ClientEventName[];
/** Events whose request has no field that must be there: `{}` is well-formed. */
export const withoutFields = eventNames.filter((name) => clientEvents[name].request.safeParse({}).success);
