import type { OwnIncident } from '@keshi/contract/http/incidents';
import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { checksOfIncidents } from '@keshi/db/incident-evidence';
import { getIncident, incidentsOf } from '@keshi/db/incidents';
import { step } from '@keshi/rules/incidents';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { bind } from '../http/bind.ts';
import { stateOf } from './state.ts';
import type { Steps } from './steps.ts';

/** What somebody sees of findings about himself, and the appeal. Who decided stays with staff and the audit log. */
export function ownIncidentRoutes({ db, clock, steps }: { db: Db; clock: Clock; steps: Steps }) {
  return {
    ownIncidents: bind(routes.ownIncidents, async ({ actor }) => {
      const rows = await incidentsOf(db, actor.userId);
      const checks = await checksOfIncidents(
        db,
        rows.map(({ id }) => id),
      );
      const at = clock();
      return {
        rows: rows.map((row): OwnIncident => {
          const { texts, appealedAt, appealDecidedAt } = row;
          const appealing = step(stateOf(row), { kind: 'appeal' }, { learnerId: actor.userId, at });
          return {
            id: row.id,
            kind: row.kind,
            contextId: row.contextId,
            title: row.title,
            ordinal: row.ordinal,
            courseId: row.courseId,
            courseTitle: row.courseTitle,
            openedAt: row.openedAt,
            state: row.state,
            decideBy: row.decideBy,
            checks: (checks.get(row.id) ?? []).map(({ answeredAt, settledAt, verdict }) => ({
              at: answeredAt ?? settledAt,
              verdict,
            })),
            decision:
              row.decidedAt === null
                ? null
                : { at: row.decidedAt, reason: texts.reason ?? '', ground: row.ground },
            appealBy: row.appealBy,
            mayAppeal: appealing.ok,
            appeal: appealedAt === null ? null : { at: appealedAt, text: texts.appeal ?? '' },
            appealDecision:
              appealDecidedAt === null ? null : { at: appealDecidedAt, reason: texts.appealReason ?? '' },
            version: row.version,
          };
        }),
      };
    }),

    appealIncident: bind(routes.appealIncident, async ({ actor, params, body, http }) => {
      const incident = await getIncident(db, params.id);
      if (!incident || incident.userId !== actor.userId) throw new AppError('not-found');
      await steps.appeal({ ...incident, version: body.version }, body.text, http.address);
    }),
  };
}
