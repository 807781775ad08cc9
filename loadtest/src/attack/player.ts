/** A player that says to the server whatever it is told to say. */
import type { StudyReason, StudyStanding } from '@keshi/contract/study';
import type { StudyServer } from '../study/server.ts';

export const second = 1_000;
export const minute = 60_000;
/** Tokens are renewed this often, as a page does. */
const renewMs = 5 * minute;

/** With the token of another page of the same browser, or by a login of its own. */
export async function openPlayer(server: StudyServer, login: string, lessonId: string, shared?: string) {
  let token = shared ?? (await server.logIn(login));
  let renewedAt = server.clock();
  let sessionId = '';
  let seq = 0;
  let standing: StudyStanding | null = null;
  let passes = 0;
  const said = new Set<StudyReason>();
  const params = { lessonId };

  async function fresh(): Promise<string> {
    if (server.clock() - renewedAt > renewMs) {
      token = await server.logIn(login);
      renewedAt = server.clock();
    }
    return token;
  }

  return {
    token: () => token,
    get standing(): StudyStanding | null {
      return standing;
    },
    get countedMs(): number {
      return standing?.countedMs ?? 0;
    },
    /** Challenges that were passed. */
    get passes(): number {
      return passes;
    },
    async start(): Promise<void> {
      const reply = await server.call('startStudy', { token: await fresh(), params });
      if (reply.status !== 200) throw new Error(`start: ${reply.code}`);
      ({ sessionId, standing } = reply.body);
      seq = 0;
    },
    /** Null when it was refused as a whole. */
    async report(
      spans: [number, number][],
      over: { visible?: boolean; seq?: number; stale?: boolean } = {},
    ): Promise<StudyStanding | null> {
      seq = over.seq ?? seq + 1;
      const reply = await server.call('reportStudy', {
        token: over.stale ? token : await fresh(),
        params,
        body: { sessionId, seq, spans, visible: over.visible ?? true, position: spans.at(-1)?.[1] ?? 0 },
      });
      if (reply.status !== 200) return null;
      standing = reply.body;
      said.add(standing.reason);
      return standing;
    },
    /** What the server answered to reports, whether or not it is on record. */
    said: () => [...said].filter((reason) => reason !== 'counting' && reason !== 'paused'),
    /** A click on whatever is there; right where it can be read off the page. */
    async click(pick: 'right' | 'first'): Promise<void> {
      const challenge = standing?.challenge;
      const body = { sessionId, answer: { kind: 'again' } as object };
      if (challenge?.kind === 'attend')
        body.answer = { kind: 'attend', id: challenge.id, choice: challenge.number };
      else if (challenge?.kind === 'item')
        body.answer = { kind: 'item', id: challenge.id, choice: challenge.options[0]?.key ?? '' };
      else if (standing?.locked === null || pick === 'right') return;
      const reply = await server.call('answerChallenge', { token: await fresh(), params, body });
      if (reply.status !== 200) return;
      standing = reply.body;
      if (standing.challenge === null && standing.locked === null) passes += 1;
    },
    /** What the server has stored, whatever the page believes. */
    async stored(): Promise<StudyStanding> {
      const reply = await server.call('studyLesson', { token: await server.logIn(login), params });
      return reply.body.standing;
    },
  };
}
export type Player = Awaited<ReturnType<typeof openPlayer>>;
