import { checkHints, type CheckHint } from '@keshi/contract/class-checks';
import { liveLooks, lookMs, type LookMessage } from '@keshi/contract/live-looks';
import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { maskName } from '@keshi/db/crypto';
import { namesOf } from '@keshi/db/person-names';
import { newId } from '@keshi/db/ids';
import { decideRecognition, recognitionsOf } from '@keshi/db/recognitions';
import type { Vault } from '@keshi/db/vault';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { ClassBus } from '@keshi/runtime/state/ports';
import { authorise } from '../access.ts';
import { findClass } from '../classes/class-access.ts';
import { bind } from '../http/bind.ts';
import { createAnswers } from './answers.ts';
import { unbundle } from './bundle.ts';
import type { FaceJudge } from './face-judge.ts';

interface Deps {
  db: Db;
  clock: Clock;
  vault: Vault;
  judge: FaceJudge | null;
  bus: ClassBus;
  log: Logger;
}

/** [AT7, PR4] Showing oneself in a class, to the camera or to a person. */
export function checkRoutes({ db, clock, vault, judge, bus, log }: Deps) {
  /** A hint: whoever misses it reads the row before it declares anything. */
  function hint(about: CheckHint): void {
    bus
      .publish(checkHints, about)
      .catch((error: unknown) => log.warn({ err: error }, 'the class was not told of a check'));
  }
  const answers = createAnswers({
    db,
    vault,
    clock,
    judge,
    log,
    tell({ id, contextId, userId }) {
      hint({ classId: contextId, userId, checkId: id, decided: false });
    },
  });

  return {
    answerCheck: bind(
      routes.answerCheck,
      async ({ actor, params, query, body }) => {
        const { userId, memberships } = actor;
        authorise(actor, 'identity.own', { kind: 'person', userId, memberships });
        const pictures = unbundle(body);
        if (!pictures) throw new AppError('invalid-input', { fields: ['body'] });
        return answers.answer(userId, { ...params, ...query, pictures });
      },
      { limit: 'frames' },
    ),

    waitingInClass: bind(routes.waitingInClass, async ({ actor, params }) => {
      await findClass(db, actor, params.id, 'class.recognise');
      const waiting = await recognitionsOf(db, params.id, { waiting: true });
      const names = await namesOf(
        db,
        waiting.map(({ userId }) => userId),
      );
      return {
        rows: waiting.map(({ userId, hour, since, cause }) => ({
          userId,
          name: maskName(names.get(userId) ?? ''),
          hour,
          since,
          cause,
        })),
      };
    }),

    recognise: bind(routes.recognise, async ({ actor, params, body, audit }) => {
      const { id: classId, userId } = params;
      const { row } = await findClass(db, actor, classId, 'class.recognise');
      const { hour, decision } = body;
      const waiting = await recognitionsOf(db, classId, { userIds: [userId] });
      if (!waiting.some((one) => one.hour === hour && one.decision === null)) throw new AppError('not-found');
      await audit({
        action: decision === 'confirmed' ? 'person.recognised' : 'person.not-recognised',
        targetType: 'user',
        targetId: userId,
        ...(row.orgPaths[0] === undefined ? {} : { orgPath: row.orgPaths[0] }),
        detail: { classId, hour },
      });
      const decided = await decideRecognition(db, {
        classId,
        userId,
        hour,
        by: actor.userId,
        at: clock(),
        decision,
      });
      // Somebody else was faster, or the face has been recognised meanwhile.
      if (!decided) throw new AppError('conflict');
      hint({ classId, userId, checkId: null, decided: false });
    }),

    lookAt: bind(routes.lookAt, async ({ actor, params, audit }) => {
      const { id: classId, userId } = params;
      const { row } = await findClass(db, actor, classId, 'class.recognise');
      if (row.state !== 'live' && row.state !== 'paused') throw new AppError('class-not-live');
      const look = { lookId: newId(), until: clock() + lookMs };
      await audit({
        action: 'person.looked-at',
        targetType: 'user',
        targetId: userId,
        ...(row.orgPaths[0] === undefined ? {} : { orgPath: row.orgPaths[0] }),
        detail: { classId, lookId: look.lookId },
      });
      const asked = { kind: 'asked', ...look, classId, userId, byId: actor.userId } as const;
      await bus.publish(liveLooks, asked satisfies LookMessage);
      return look;
    }),
  };
}
