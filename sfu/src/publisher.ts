/**
 * One person's way up to the stage: a send transport on the class's origin router. It needs no viewer beside it, so
 * that an encoder can publish without watching.
 *
 * Who closes whom: `close()` closes the transport, and mediasoup closes its producers with it.
 */
import type { PublishingVia } from '@keshi/contract/sfu';
import { AppError } from '@keshi/runtime/errors';
import type { Place } from './distribution.ts';
import type { OpenTransport, PeerTransport, TransportEnd } from './peer-transport.ts';

export interface Publisher {
  readonly peerId: string;
  readonly via: PublishingVia;
  readonly origin: Place;
  readonly end: PeerTransport;
  readonly closed: boolean;
  close(): void;
}

export interface PublisherOptions {
  classId: string;
  peerId: string;
  via: PublishingVia;
  origin: Place;
  openTransport: OpenTransport;
  onEnd: (publisher: Publisher, end: TransportEnd) => void;
}

/** Throws `media-unavailable` when no transport can be made. */
export async function openPublisher(options: PublisherOptions): Promise<Publisher> {
  const { classId, peerId, via, origin, openTransport, onEnd } = options;
  let closed = false;
  let publisher: Publisher | null = null;
  const end = await openTransport({
    direction: 'send',
    classId,
    peerId,
    place: origin,
    onEnd: (how) => {
      if (!closed && publisher) onEnd(publisher, how);
    },
  }).catch((cause: unknown) => {
    throw new AppError('media-unavailable', { cause, retryMs: 1000 });
  });
  publisher = {
    peerId,
    via,
    origin,
    end,
    get closed() {
      return closed || end.transport.closed;
    },
    close() {
      closed = true;
      end.close();
    },
  };
  return publisher;
}

export interface WhichPublisher {
  via?: PublishingVia | undefined;
  transportId?: string | undefined;
}

/** The publishers of a class, by person and what they publish with. */
export interface Publishers {
  get(peerId: string, via: PublishingVia): Publisher | null;
  add(publisher: Publisher): void;
  /** By the transport's id as the person was given it. Throws `media-not-found`. */
  own(peerId: string, transportId: string): Publisher;
  /** Closes those of a person that are so, by default all. Idempotent. */
  close(peerId: string, which?: WhichPublisher): void;
  forget(publisher: Publisher): void;
  all(): Publisher[];
}

export function createPublishers(): Publishers {
  const publishers = new Map<string, Publisher>();
  const keyOf = (peerId: string, via: PublishingVia) => `${peerId}/${via}`;
  const all = () => [...publishers.values()];

  return {
    get(peerId, via) {
      const known = publishers.get(keyOf(peerId, via));
      return known && !known.closed ? known : null;
    },
    add(publisher) {
      publishers.set(keyOf(publisher.peerId, publisher.via), publisher);
    },
    own(peerId, transportId) {
      const found = all().find((one) => one.peerId === peerId && one.end.transport.id === transportId);
      if (!found) throw new AppError('media-not-found');
      return found;
    },
    close(peerId, { via, transportId } = {}) {
      for (const publisher of all()) {
        if (publisher.peerId !== peerId) continue;
        if (via !== undefined && publisher.via !== via) continue;
        if (transportId !== undefined && publisher.end.transport.id !== transportId) continue;
        publishers.delete(keyOf(peerId, publisher.via));
        publisher.close();
      }
    },
    forget(publisher) {
      const key = keyOf(publisher.peerId, publisher.via);
      if (publishers.get(key) === publisher) publishers.delete(key);
    },
    all,
  };
}
