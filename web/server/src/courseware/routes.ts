import { routes } from '@keshi/contract/http/routes';
import type { PackagePart } from '@keshi/contract/lessons';
import { listCatalogue } from '@keshi/db/catalogue';
import type { Db } from '@keshi/db/client';
import { getLesson, type Lesson } from '@keshi/db/lessons';
import {
  packageCompletedAt,
  type PackageState,
  packageStates,
  savePackageState,
} from '@keshi/db/package-states';
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
const finished: ReadonlySet<string> = new Set(['completed', 'passed']);

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
    openPackage: bind(routes.openPackage, async ({ actor, params, query }) => {
      const lesson = await find(actor, params.id);
      if (lesson.mediaKey === null || lesson.madeMedia?.kind !== 'package') throw new AppError('not-ready');
      if (coursewareUrl === null) throw new AppError('unavailable', { message: 'COURSEWARE_URL is not set' });
      const { parts } = lesson.madeMedia;
      const { userId: sub, sid } = actor;
      const states = await packageStates(db, { lessonId: lesson.id, userId: sub });
      const complete = ({ id }: PackagePart) => typeof states.get(id)?.completedAt === 'number';
      const part =
        query.part === undefined
          ? (parts.find((each) => each.reports && !complete(each)) ?? parts[0])
          : parts.find(({ id }) => id === query.part);
      if (!part) throw new AppError('not-found');
      const prefix = `${lesson.mediaKey}package/`;
      const token = signPath({ secret: tokenSecret, prefix, sub, sid, expiresAt: clock() + linkMs });
      const state = states.get(part.id);
      return {
        url: `${coursewareUrl}/${token}/run?part=${parts.indexOf(part)}`,
        // Nobody's name or number leaves for a stranger's program.
        cmi: {
          ...state?.cmi,
          ...(state && { 'cmi.core.lesson_status': state.status }),
          ...(part.launchData !== '' && { 'cmi.launch_data': part.launchData }),
          'cmi.core.lesson_mode': 'normal',
          'cmi.core.credit': 'credit',
        },
        part: stateOf(part.id, state),
        parts: parts.map(({ id, title, reports }) => ({ ...stateOf(id, states.get(id)), title, reports })),
        completedAt: packageCompletedAt(parts, states),
      };
    }),

    savePackage: bind(routes.savePackage, async ({ actor, params, body }) => {
      const lesson = await find(actor, params.id);
      if (lesson.madeMedia?.kind !== 'package') throw new AppError('not-ready');
      const { parts } = lesson.madeMedia;
      const part = parts.find(({ id }) => id === body.part);
      if (!part) throw new AppError('conflict', { message: 'no such part' });
      const of = { lessonId: lesson.id, userId: actor.userId };
      const former = (await packageStates(db, of)).get(part.id);
      const status = judged(part, { ...former?.cmi, ...body.cmi }, former?.status);
      await savePackageState(db, {
        ...of,
        part: part.id,
        cmi: body.cmi,
        status,
        complete: finished.has(status),
        now: clock(),
      });
      const states = await packageStates(db, of);
      return {
        part: stateOf(part.id, states.get(part.id)),
        completedAt: packageCompletedAt(parts, states),
      };
    }),
  };
}

const stateOf = (id: string, state: PackageState | undefined) => ({
  id,
  status: state?.status ?? 'not attempted',
  completedAt: state?.completedAt ?? null,
});

/** What a part says of itself, but for the score that its manifest asks for. */
function judged({ mastery }: PackagePart, cmi: Record<string, string>, former: string | undefined): string {
  const said = cmi['cmi.core.lesson_status'] ?? former ?? 'incomplete';
  const score = Number.parseFloat(cmi['cmi.core.score.raw'] ?? '');
  if (mastery === null || !finished.has(said) || Number.isNaN(score)) return said;
  return score >= mastery ? 'passed' : 'failed';
}
