import { routes } from '@keshi/contract/http/routes';
import { storedPolicy } from '@keshi/contract/policy';
import { classParts } from '@keshi/db/class-completeness';
import type { Db } from '@keshi/db/client';
import { classCompleteness } from '@keshi/rules/class-completeness';
import { resolvePolicy } from '@keshi/rules/policy';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { bind } from '../http/bind.ts';
import { findClass } from './class-access.ts';

/** [A8] For who teaches a class and who watches over it. */
export function completenessRoutes({ db, clock }: { db: Db; clock: Clock }) {
  return {
    classCompleteness: bind(routes.classCompleteness, async ({ actor, params }) => {
      const { row } = await findClass(db, actor, params.id, 'report.read');
      const parts = await classParts(db, row.id);
      if (!parts) throw new AppError('not-found');
      const { live, ...facts } = parts;
      const policy = resolvePolicy(storedPolicy.catch({}).parse(parts.policy));
      const held = row.state === 'ended';
      const found = classCompleteness(
        {
          ...facts,
          held,
          plannedMs: row.scheduledEnd - row.scheduledStart,
          live: live.map(({ from, to }) => ({ from, to: to ?? Math.max(from, clock()) })),
          startsAt: row.startedAt ?? row.scheduledStart,
          endsAt: row.endedAt ?? row.scheduledEnd,
        },
        policy,
      );
      return {
        ...found,
        stage: held ? ('held' as const) : ('ahead' as const),
        points: parts.points,
        leastMs: policy.classHourMs,
      };
    }),
  };
}
