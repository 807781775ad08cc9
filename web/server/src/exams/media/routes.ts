import { routes } from '@keshi/contract/http/routes';
import { itemMediaFolder } from '@keshi/contract/items';
import type { Db } from '@keshi/db/client';
import { examCourse } from '@keshi/db/exam-courses';
import { can } from '@keshi/rules/access';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { signPath } from '@keshi/runtime/media-store/signed-path';
import { bind } from '../../http/bind.ts';
import { courseResource, examResource, findCourse, seesCourse } from '../access.ts';
import type { MediaMaker } from './maker.ts';
import type { ItemShelf } from './shelf.ts';

/** As long as an exam may last; the page asks for new addresses before they end. */
const linkMs = 24 * 3_600_000;

interface Deps {
  db: Db;
  clock: Clock;
  maker: MediaMaker;
  shelf: ItemShelf;
  tokenSecret: string;
}

export function itemMediaRoutes({ db, clock, maker, shelf, tokenSecret }: Deps) {
  return {
    addItemMedia: bind(
      routes.addItemMedia,
      async ({ actor, params, body, audit }) => {
        const course = await findCourse(db, actor, params.id, 'bank.write');
        const making = await maker.make(body);
        if (!making.ok) return { state: 'refused' as const, problem: making.problem };
        await audit({
          action: 'item-media.added',
          targetType: 'course',
          targetId: params.id,
          orgPath: course.orgPath,
          detail: { kind: making.made.kind, bytes: making.made.bytes.length },
        });
        const key = await shelf.put(params.id, making.made);
        return { state: 'stored' as const, kind: making.made.kind, key };
      },
      { limit: 'export' },
    ),

    /** For who sees the bank, and for who is asked its questions: names are not to be guessed. */
    itemMediaLinks: bind(routes.itemMediaLinks, async ({ actor, params }) => {
      const course = await examCourse(db, params.id, actor.userId);
      const admitted =
        course !== null &&
        (seesCourse(actor, courseResource(course)) || can(actor, 'exam.take', examResource(course)));
      if (!admitted) throw new AppError('not-found');
      const expiresAt = clock() + linkMs;
      const token = signPath({
        secret: tokenSecret,
        prefix: itemMediaFolder(params.id),
        sub: actor.userId,
        sid: actor.sid,
        expiresAt,
      });
      return { base: `/media/${token}/`, expiresAt };
    }),
  };
}
