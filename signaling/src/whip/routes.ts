/**
 * WHIP (RFC 9725): an encoder publishes to a class with one HTTP request and a bearer token.
 *
 * `POST /whip/:classId` makes a session from an offer, `DELETE` of its address ends it, `PATCH` carries candidates
 * (taken note of by nobody: we are ICE-lite, our candidates are all in the answer) or restarts ICE.
 */
import { randomInt } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { id as idSchema } from '@keshi/contract/domain';
import type { IceServer } from '@keshi/contract/media';
import type { SessionEnded, WhipClaims } from '@keshi/contract/tokens';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { createRateLimiter, type RateLimiter } from '@keshi/runtime/ratelimit';
import { verifyWhipToken } from '../tickets.ts';
import { writeAnswer, writeFragment } from './answer.ts';
import { addressOf, failure, readBody, send, type WhipReply } from './http.ts';
import { etagOf, readFragment } from './ice-fragment.ts';
import { WhipRefusal } from './refusal.ts';
import { readOffer } from './sdp.ts';
import type { WhipSession, WhipStage } from './stage.ts';

/** Who keeps a session; any node can be asked about any. */
export interface WhipKeeper {
  keep(session: WhipSession, claims: WhipClaims): void;
  exists(session: WhipSession): Promise<boolean>;
  /** False when there is none (any more). */
  end(session: WhipSession): Promise<boolean>;
}

export interface WhipRoutesDeps {
  stage: WhipStage;
  keeper: WhipKeeper;
  tokenSecret: string;
  /** Why a login has ended; null while it lasts. Rejects when that cannot be known. */
  loginEnded: (sid: string) => Promise<SessionEnded['reason'] | null>;
  /** TURN servers with credentials of this moment; empty without TURN. */
  iceServers: (userId: string) => IceServer[];
  /** How many proxies of ours stand before this node. */
  trustProxy: number;
  now: () => number;
  log: Logger;
}

/** Answers requests under /whip; false for every other path, which then is somebody else's. */
export type WhipHandler = (req: IncomingMessage, res: ServerResponse) => Promise<boolean>;

type Target = { kind: 'endpoint'; classId: string } | { kind: 'session'; classId: string; sessionId: string };

const offerType = 'application/sdp';
const fragmentType = 'application/trickle-ice-sdpfrag';

export function createWhipRoutes(deps: WhipRoutesDeps): WhipHandler {
  const { stage, keeper, now, log } = deps;
  // An encoder that lost its connection tries again every few seconds; a wrong token is not guessed at a rate.
  const perAddress = createRateLimiter({ capacity: 60, perSecond: 5, maxKeys: 20_000 });
  const perPerson = createRateLimiter({ capacity: 10, perSecond: 0.5, maxKeys: 20_000 });

  function takeTurn(limiter: RateLimiter, key: string): void {
    const verdict = limiter.take(key, now());
    if (!verdict.allowed) throw new AppError('rate-limited', { retryMs: verdict.retryMs });
  }

  async function authenticate(req: IncomingMessage, target: Target): Promise<WhipClaims> {
    const [scheme, token, ...rest] = (req.headers.authorization ?? '').split(' ').filter(Boolean);
    if (scheme?.toLowerCase() !== 'bearer' || !token || rest.length > 0)
      throw new AppError('unauthenticated');
    const claims = verifyWhipToken(token, deps.tokenSecret, now());
    await refuseIfEnded(claims);
    if (claims.classId !== target.classId) throw new AppError('forbidden');
    return claims;
  }

  async function refuseIfEnded({ sid }: WhipClaims): Promise<void> {
    const ended = await deps.loginEnded(sid);
    if (ended) throw new AppError(ended);
  }

  async function begin(req: IncomingMessage, claims: WhipClaims): Promise<WhipReply> {
    takeTurn(perPerson, claims.sub);
    const offer = readOffer(await readBody(req, offerType));
    const { session, transport } = await stage.open(claims);
    try {
      await stage.connect(session, offer.dtls);
      for (const { kind, source, rtpParameters } of offer.tracks)
        await stage.produce(session, { kind, source, rtpParameters });
      keeper.keep(session, claims);
      // It may have ended while all this was made, before the keeper could be told.
      await refuseIfEnded(claims);
    } catch (error) {
      await giveUp(session, error);
      throw error;
    }
    log.info(
      { classId: claims.classId, userId: claims.sub, sessionId: session.sessionId },
      'WHIP session began',
    );
    return {
      status: 201,
      headers: {
        'content-type': offerType,
        location: `/whip/${claims.classId}/${session.sessionId}`,
        etag: etagOf(session.sessionId, offer.ice),
        'accept-patch': fragmentType,
        ...links(deps.iceServers(claims.sub)),
      },
      body: writeAnswer(offer, transport, randomInt(1, 2 ** 47)),
    };
  }

  /** Its transport that is gone already has made room for a later session of the same person, which stays. */
  async function giveUp(session: WhipSession, why: unknown): Promise<void> {
    const replaced = why instanceof AppError && why.code === 'media-not-found';
    try {
      if (!(await keeper.end(session)) && !replaced) await stage.close(session);
    } catch (error) {
      log.warn({ err: error, classId: session.classId }, 'a WHIP session could not be given up');
    }
  }

  async function patch(req: IncomingMessage, session: WhipSession): Promise<WhipReply> {
    const fragment = readFragment(await readBody(req, fragmentType));
    const match = req.headers['if-match'];
    if (match === undefined) throw new WhipRefusal(428, 'If-Match is missing');
    const etag = etagOf(session.sessionId, fragment);
    if (match === '*' || match === '"*"') {
      const iceParameters = await stage.restartIce(session);
      return {
        status: 200,
        headers: { 'content-type': fragmentType, etag },
        body: writeFragment(iceParameters),
      };
    }
    if (match !== etag) throw new WhipRefusal(412, 'the candidates are of another ICE session');
    return { status: 204 };
  }

  async function answer(req: IncomingMessage, target: Target): Promise<WhipReply> {
    const { method } = req;
    const allowed = target.kind === 'endpoint' ? 'OPTIONS, POST' : 'OPTIONS, PATCH, DELETE';
    if (method === 'OPTIONS') return preflight(target, allowed);
    if (!method || !allowed.split(', ').includes(method))
      throw new WhipRefusal(405, `only ${allowed} here`, { allow: allowed });
    takeTurn(perAddress, addressOf(req, deps.trustProxy));
    const claims = await authenticate(req, target);
    if (target.kind === 'endpoint') return begin(req, claims);
    const session = { sessionId: target.sessionId, classId: claims.classId, userId: claims.sub };
    if (method === 'DELETE') {
      if (!(await keeper.end(session))) throw new AppError('media-not-found');
      return { status: 200 };
    }
    if (!(await keeper.exists(session))) throw new AppError('media-not-found');
    return patch(req, session);
  }

  return async (req, res) => {
    const path = req.url?.split('?')[0] ?? '';
    if (path !== '/whip' && !path.startsWith('/whip/')) return false;
    try {
      send(res, await answer(req, targetOf(path)));
    } catch (error) {
      // The encoder has gone in the middle of its own request: nobody is there to be answered.
      if (req.destroyed && !req.complete) res.destroy();
      else send(res, failure(error, log));
    }
    return true;
  };
}

/** Throws WhipRefusal 404. */
function targetOf(path: string): Target {
  const [classId, sessionId, ...rest] = path.slice('/whip/'.length).split('/');
  const parsed = idSchema.safeParse(classId);
  if (!parsed.success || rest.length > 0) throw new WhipRefusal(404, 'there is nothing here');
  if (sessionId === undefined || sessionId === '') return { kind: 'endpoint', classId: parsed.data };
  if (!/^[\w.-]{1,400}$/.test(sessionId)) throw new WhipRefusal(404, 'there is no such session');
  return { kind: 'session', classId: parsed.data, sessionId };
}

function preflight(target: Target, allowed: string): WhipReply {
  return {
    status: 200,
    headers: {
      allow: allowed,
      'access-control-allow-methods': allowed,
      'access-control-allow-headers': 'Authorization, Content-Type, If-Match',
      'access-control-max-age': '86400',
      ...(target.kind === 'endpoint' ? { 'accept-post': offerType } : { 'accept-patch': fragmentType }),
    },
  };
}

/** One Link for each TURN address (RFC 9725, 4.6). */
function links(servers: readonly IceServer[]): { link?: string[] } {
  const link = servers.flatMap(({ urls, username, credential }) =>
    urls.map(
      (url) =>
        `<${url}>; rel="ice-server"; username="${username}"; credential="${credential}"; credential-type="password"`,
    ),
  );
  return link.length > 0 ? { link } : {};
}
