import { routes } from '@keshi/contract/http/routes';
import { listCatalogue } from '@keshi/db/catalogue';
import type { Db } from '@keshi/db/client';
import { getLesson, type Lesson } from '@keshi/db/lessons';
import { packageState, savePackageState } from '@keshi/db/package-states';
import { can } from '@keshi/rules/access';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { signPath } from '@keshi/runtime/media-store/signed-path';
import { courseResource } from '../courses/making-access.ts';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';

interface Deps {
  db: Db;
  clock: Clock;
  tokenSecret: string;
  /** Where packages are served; null: nowhere. */
  coursewareUrl: string | null;
}

/** Longer than anybody sits over one package. */
const linkMs = 12 * 3_600_000;
const complete = new Set(['completed', 'passed']);

export function coursewareRoutes({ db, clock, tokenSecret, coursewareUrl }: Deps) {
  /** For who makes or reviews it, and once it is published for who is enrolled in its course. */
  async function find(actor: Actor, id: string): Promise<Lesson> {
    const lesson = await getLesson(db, id);
    if (!lesson) throw new AppError('not-found');
    const resource = courseResource(lesson);
    if (can(actor, 'course.manage', resource) || can(actor, 'course.review', resource)) return lesson;
    const { rows } = await listCatalogue(db, { userId: actor.userId, paths: [], courseId: lesson.courseId });
    if (lesson.state !== 'published' || !rows[0]?.enrolled) throw new AppError('not-found');
    return lesson;
  }

  return {
    openPackage: bind(routes.openPackage, async ({ actor, params }) => {
      const lesson = await find(actor, params.id);
      if (lesson.mediaKey === null || lesson.madeMedia?.kind !== 'package') throw new AppError('not-ready');
      if (coursewareUrl === null) throw new AppError('unavailable', { message: 'COURSEWARE_URL is not set' });
      const { userId: sub, sid } = actor;
      const prefix = `${lesson.mediaKey}package/`;
      const token = signPath({ secret: tokenSecret, prefix, sub, sid, expiresAt: clock() + linkMs });
      const state = await packageState(db, { lessonId: lesson.id, userId: sub });
      return {
        url: `${coursewareUrl}/${token}/run`,
        // Nobody's name or number leaves for a stranger's program.
        cmi: { ...state?.cmi, 'cmi.core.lesson_mode': 'normal', 'cmi.core.credit': 'credit' },
        status: state?.status ?? 'not attempted',
        completedAt: state?.completedAt ?? null,
      };
    }),

    savePackage: bind(routes.savePackage, async ({ actor, params, body }) => {
      const lesson = await find(actor, params.id);
      if (lesson.madeMedia?.kind !== 'package') throw new AppError('not-ready');
      const of = { lessonId: lesson.id, userId: actor.userId };
      const former = await packageState(db, of);
      const status = body.cmi['cmi.core.lesson_status'] ?? former?.status ?? 'incomplete';
      return savePackageState(db, {
        ...of,
        cmi: body.cmi,
        status,
        complete: complete.has(status),
        now: clock(),
      });
    }),
  };
}
