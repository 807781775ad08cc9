/**
 * WHIP on one signaling node. A session is kept by the node that began it: the id names that node, and the others ask
 * it over the bus.
 *
 * Who closes whom: a session ends by the encoder's DELETE, with the login its token was made in [B6], with its class, or
 * when the encoder goes and the SFU notices. It outlives this node, as all media does; `close()` ends nothing.
 */
import { id } from '@keshi/contract/domain';
import type { SessionEnded, WhipClaims } from '@keshi/contract/tokens';
import type { Logger } from '@keshi/runtime/log';
import { BusError, type ClassBus } from '@keshi/runtime/state/ports';
import { z } from 'zod';
import { createWhipRoutes, type WhipHandler, type WhipKeeper, type WhipRoutesDeps } from './routes.ts';
import { createWhipSessions } from './sessions.ts';
import type { WhipSession, WhipStage } from './stage.ts';

export interface Whip {
  readonly handle: WhipHandler;
  /** A login has ended: so have its sessions, at once. */
  loginEnded(sid: string): void;
  /** A class is over: its media is closed already, and its sessions are forgotten. */
  classEnded(classId: string): void;
  /** Asks for the logins of all sessions, in case an end was told while this node could not hear it. */
  sweep(): Promise<void>;
  readonly size: number;
  /** Answers no more. Idempotent. */
  close(): Promise<void>;
}

export interface WhipDeps extends Omit<WhipRoutesDeps, 'keeper' | 'loginEnded'> {
  stage: WhipStage;
  nodeId: string;
  bus: ClassBus;
  log: Logger;
  /** Those of the logins that have ended, and why. */
  endedLogins: (sids: readonly string[]) => Promise<ReadonlyMap<string, SessionEnded['reason']>>;
}

const askMs = 3_000;
/** No class is longer. */
const longestMs = 24 * 3_600_000;
const question = z.object({
  ask: z.enum(['exists', 'end']),
  session: z.object({ sessionId: z.string().max(400), classId: id, userId: id }),
});
type Question = z.infer<typeof question>;
const reply = z.object({ found: z.boolean() });
const addressOf = (nodeId: string) => `whip/${nodeId}`;

/** Rejects when the bus cannot be reached. */
export async function createWhip(deps: WhipDeps): Promise<Whip> {
  const { nodeId, bus, log, endedLogins } = deps;
  const sessions = createWhipSessions();
  const stage = namingNode(deps.stage, nodeId);
  const loginEnded = async (sid: string) => (await endedLogins([sid])).get(sid) ?? null;

  async function endHere(session: WhipSession): Promise<boolean> {
    if (!sessions.remove(session)) return false;
    log.info({ classId: session.classId, sessionId: session.sessionId }, 'WHIP session ended');
    await stage.close(session);
    return true;
  }

  async function answerHere({ ask, session }: Question): Promise<boolean> {
    return ask === 'end' ? endHere(session) : sessions.find(session) !== null;
  }

  /** A session whose node has gone is nobody's: the SFU ends it when its encoder goes. */
  async function askKeeper(asked: Question): Promise<boolean> {
    const keeper = asked.session.sessionId.split('.')[0] ?? '';
    if (keeper === nodeId) return answerHere(asked);
    try {
      return reply.parse(await bus.request(addressOf(keeper), asked, askMs)).found;
    } catch (error) {
      if (error instanceof BusError && error.failure === 'unreachable') return false;
      throw error;
    }
  }

  function endAll(ended: readonly WhipSession[]): void {
    for (const session of ended)
      endHere(session).catch((error: unknown) =>
        log.warn({ err: error, classId: session.classId }, 'a WHIP session could not be closed'),
      );
  }

  const keeper: WhipKeeper = {
    keep: (session: WhipSession, claims: WhipClaims) => sessions.add(session, claims, deps.now()),
    exists: (session) => askKeeper({ ask: 'exists', session }),
    end: (session) => askKeeper({ ask: 'end', session }),
  };
  const unserve = await bus.serve(addressOf(nodeId), async (asked) => ({
    found: await answerHere(question.parse(asked)),
  }));
  let closing: Promise<void> | null = null;

  return {
    handle: createWhipRoutes({ ...deps, stage, keeper, loginEnded }),
    loginEnded: (sid) => endAll(sessions.ofLogin(sid)),
    classEnded(classId) {
      for (const session of sessions.ofClass(classId)) sessions.remove(session);
    },
    async sweep() {
      sessions.forget(deps.now() - longestMs);
      const sids = sessions.logins();
      if (sids.length === 0) return;
      for (const sid of (await endedLogins(sids)).keys()) endAll(sessions.ofLogin(sid));
    },
    get size() {
      return sessions.size;
    },
    close() {
      closing ??= unserve();
      return closing;
    },
  };
}

/** Puts this node's id before the ids of the sessions it makes, and takes whichever stands there off again. */
function namingNode(stage: WhipStage, nodeId: string): WhipStage {
  const bare = (session: WhipSession): WhipSession => ({
    ...session,
    sessionId: session.sessionId.slice(session.sessionId.indexOf('.') + 1),
  });
  return {
    async open(claims) {
      const { session, transport } = await stage.open(claims);
      return { session: { ...session, sessionId: `${nodeId}.${session.sessionId}` }, transport };
    },
    connect: (session, dtlsParameters) => stage.connect(bare(session), dtlsParameters),
    produce: (session, producer) => stage.produce(bare(session), producer),
    restartIce: (session) => stage.restartIce(bare(session)),
    close: (session) => stage.close(bare(session)),
  };
}
