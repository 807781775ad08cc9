/** What a WHIP session is on the class's stage: a send transport of its own on the SFU, beside the page's. */
import type { MediaSource } from '@keshi/contract/domain';
import type { DtlsParametersJson, RtpParametersJson, TransportOptions } from '@keshi/contract/media';
import type { WhipClaims } from '@keshi/contract/tokens';
import { AppError } from '@keshi/runtime/errors';
import type { SfuLink } from '../media/nodes.ts';

/** Names the session's transport and the node it is on, so that any signaling node can speak to it. */
export interface WhipSession {
  sessionId: string;
  classId: string;
  userId: string;
}

export interface WhipStage {
  /**
   * Makes the person's WHIP transport; one they had before is closed. Throws AppError: `not-on-stage`, `class-ended`,
   * `media-unavailable` …
   */
  open(
    claims: Pick<WhipClaims, 'classId' | 'sub'>,
  ): Promise<{ session: WhipSession; transport: TransportOptions }>;
  connect(session: WhipSession, dtlsParameters: DtlsParametersJson): Promise<void>;
  produce(
    session: WhipSession,
    producer: { kind: 'audio' | 'video'; source: MediaSource; rtpParameters: RtpParametersJson },
  ): Promise<void>;
  /** Throws `media-not-found` when the session is gone or not this person's. */
  restartIce(session: WhipSession): Promise<TransportOptions['iceParameters']>;
  /** Closes this session's transport; a later one of the same person goes on. Idempotent. */
  close(session: WhipSession): Promise<void>;
}

/**
 * The SFU node where the person's media goes, with the class open there, and which of their sources the class holds
 * muted. Throws `not-on-stage` for whoever may not publish, `media-unavailable` while there is no node.
 */
export type Admit = (
  classId: string,
  userId: string,
) => Promise<{ nodeId: string; link: SfuLink; held: MediaSource[] }>;

export interface WhipStageDeps {
  admit: Admit;
  link: (nodeId: string) => SfuLink | null;
}

export function createWhipStage({ admit, link }: WhipStageDeps): WhipStage {
  function linkOf(nodeId: string): SfuLink {
    const found = link(nodeId);
    if (found?.state.kind !== 'open') throw new AppError('media-unavailable', { retryMs: 2_000 });
    return found;
  }

  function partsOf({ sessionId, classId, userId }: WhipSession) {
    const { nodeId, transportId } = readSessionId(sessionId);
    return { link: linkOf(nodeId), peer: { classId, peerId: userId }, transportId };
  }

  return {
    async open({ classId, sub: userId }) {
      const { nodeId, link: sfu, held } = await admit(classId, userId);
      const { sendTransport } = await sfu.request('peer.publish', {
        classId,
        peerId: userId,
        via: 'whip',
        held,
      });
      const sessionId = writeSessionId(nodeId, sendTransport.id);
      return { session: { sessionId, classId, userId }, transport: sendTransport };
    },
    async connect(session, dtlsParameters) {
      const { link: sfu, peer, transportId } = partsOf(session);
      await sfu.request('transport.connect', { ...peer, transportId, dtlsParameters });
    },
    async produce(session, producer) {
      const { link: sfu, peer, transportId } = partsOf(session);
      await sfu.request('producer.create', { ...peer, transportId, ...producer, paused: false });
    },
    async restartIce(session) {
      const { link: sfu, peer, transportId } = partsOf(session);
      const { iceParameters } = await sfu.request('transport.restartIce', { ...peer, transportId });
      return iceParameters;
    },
    async close(session) {
      const { link: sfu, peer, transportId } = partsOf(session);
      await sfu.request('peer.unpublish', { ...peer, transportId });
    },
  };
}

const writeSessionId = (nodeId: string, transportId: string) =>
  `${Buffer.from(nodeId, 'utf8').toString('base64url')}.${transportId}`;

/** Throws `media-not-found` for what never was a session. */
function readSessionId(sessionId: string): { nodeId: string; transportId: string } {
  const [node, transportId, ...rest] = sessionId.split('.');
  if (!node || !transportId || rest.length > 0) throw new AppError('media-not-found');
  return { nodeId: Buffer.from(node, 'base64url').toString('utf8'), transportId };
}
