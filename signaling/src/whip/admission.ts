/** Whether a person may publish to a class, asked of its coordinator, and the SFU node where their media goes. */
import { AppError } from '@keshi/runtime/errors';
import type { Coordinators } from '../coordinator/coordinators.ts';
import { mediaPlace, publishReply } from '../coordinator/messages.ts';
import type { MediaRelay } from '../media/relay.ts';
import type { Admit } from './stage.ts';

export interface AdmissionDeps {
  coordinators: Pick<Coordinators, 'ask'>;
  relay: Pick<MediaRelay, 'opened' | 'unreachable'>;
  /** Where this node stands; null: nowhere in particular. */
  region: string | null;
  isDraining: () => boolean;
}

/** An encoder goes where its person's page is, so that the stage of one person is on one node. */
export function createAdmission({ coordinators, relay, region, isDraining }: AdmissionDeps): Admit {
  return async (classId, userId) => {
    if (isDraining()) throw new AppError('draining', { retryMs: 1_000 });
    const { allowed, held } = await coordinators.ask(classId, { kind: 'may-publish', userId }, (reply) =>
      publishReply.parse(reply),
    );
    if (!allowed) throw new AppError('not-on-stage');
    const placing = { region, claims: null, without: relay.unreachable(), full: [] };
    const place = await coordinators.ask(classId, { kind: 'place-media', userId, placing }, (reply) =>
      mediaPlace.parse(reply),
    );
    switch (place.kind) {
      case 'node':
        return {
          nodeId: place.nodeId,
          link: await relay.opened(classId, place.nodeId, place.others),
          held,
        };
      case 'full':
        throw new AppError('full', { retryMs: place.retryMs });
      case 'hls':
      case 'none':
        throw new AppError('media-unavailable', { retryMs: 2_000 });
    }
  };
}
