import type { IncidentDetail, IncidentRow } from '@keshi/contract/http/incidents';
import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { maskName } from '@keshi/db/crypto';
import { openPicture } from '@keshi/db/face-references';
import { checksOfIncidents, openIncidentPictures } from '@keshi/db/incident-evidence';
import {
  getIncident,
  type Incident,
  type IncidentRow as StoredRow,
  pageIncidents,
  readIncident,
} from '@keshi/db/incidents';
import { loginsOf } from '@keshi/db/users';
import type { Vault } from '@keshi/db/vault';
import { type Action, can, type Resource } from '@keshi/rules/access';
import { isUndecided } from '@keshi/rules/incidents';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import type { ResultsReader } from '../attendance/class-results.ts';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import { listScopes } from '../scopes.ts';
import { checkView } from './check-view.ts';
import { stateOf } from './state.ts';
import type { Steps } from './steps.ts';

interface Deps {
  db: Db;
  vault: Vault;
  clock: Clock;
  results: ResultsReader;
  steps: Steps;
  verdictKeys: readonly string[];
}

/** [CH4] The queue of findings, for those who decide about them. */
export function incidentRoutes({ db, vault, clock, results, steps, verdictKeys }: Deps) {
  /** `not-found` for whom a finding is none of his business, so that nobody learns of one by asking. */
  async function demand(actor: Actor, id: string, action: Action): Promise<Incident> {
    listScopes(actor, [action, 'incident']);
    const incident = await getIncident(db, id);
    if (!incident) throw new AppError('not-found');
    authorise(actor, 'incident.read', resourceOf(incident), { hidden: true });
    authorise(actor, action, resourceOf(incident));
    return incident;
  }

  return {
    listIncidents: bind(routes.listIncidents, async ({ actor, query }) => {
      const now = clock();
      const { q, ...page } = query;
      const { total, rows, counts } = await pageIncidents(db, {
        ...page,
        query: q,
        under: listScopes(actor, ['incident.read', 'incident']),
        // Nobody has to do with what is about himself.
        except: actor.userId,
        now,
      });
      return { total, counts, rows: rows.map((row) => toRow(row, now)) };
    }),

    getIncident: bind(routes.getIncident, async ({ actor, params }): Promise<IncidentDetail> => {
      await demand(actor, params.id, 'incident.read');
      const row = await readIncident(db, params.id);
      if (!row) throw new AppError('not-found');
      const { texts, lookAskedAt, decidedAt, appealedAt, appealDecidedAt } = row;
      const [checks, logins, around] = await Promise.all([
        checksOfIncidents(db, [row.id]),
        loginsOf(db, [row.lookAskedBy, row.decidedBy, row.appealDecidedBy]),
        aroundOf(row),
      ]);
      const act = (at: number, by: string | null, reason: string | null) => ({
        at,
        by: logins.get(by ?? '') ?? '',
        reason: reason ?? '',
      });
      return {
        ...toRow(row, clock()),
        checkList: (checks.get(row.id) ?? []).map((check) => checkView(check, row, verdictKeys)),
        look: lookAskedAt === null ? null : act(lookAskedAt, row.lookAskedBy, texts.lookReason),
        decision:
          decidedAt === null ? null : { ...act(decidedAt, row.decidedBy, texts.reason), ground: row.ground },
        appealBy: row.appealBy,
        appeal: appealedAt === null ? null : { at: appealedAt, text: texts.appeal ?? '' },
        appealDecision:
          appealDecidedAt === null ? null : act(appealDecidedAt, row.appealDecidedBy, texts.appealReason),
        picturesGoneAt: row.picturesGoneAt,
        mayDecide: isUndecided(stateOf(row)) && can(actor, 'incident.decide', resourceOf(row)),
        around,
      };
    }),

    incidentPictures: bind(routes.incidentPictures, async ({ actor, params, audit }) => {
      const incident = await demand(actor, params.id, 'incident.read');
      const [pictures, reference] = await Promise.all([
        openIncidentPictures(db, vault, incident),
        openPicture(db, vault, incident.userId),
      ]);
      // First the log: what cannot be logged is not shown.
      await audit({
        action: 'incident.pictures-seen',
        targetType: 'user',
        targetId: incident.userId,
        orgPath: incident.orgPath,
        detail: {
          incidentId: incident.id,
          pictures: pictures.map(({ checkId, position }) => `${checkId}/${position}`),
          reference: reference !== null,
        },
      });
      return {
        pictures: pictures.map(({ picture, ...one }) => ({ ...one, picture: picture.toString('base64') })),
        reference: reference && reference.toString('base64'),
      };
    }),

    decideIncident: bind(routes.decideIncident, async ({ actor, params, body, http }) => {
      const found = await demand(actor, params.id, 'incident.decide');
      const acting = {
        incident: { ...found, version: body.version },
        by: actor.userId,
        reason: body.reason,
        address: http.address,
      };
      switch (body.decision) {
        case 'confirm':
          return steps.confirm(acting, body.ground);
        case 'dismiss':
          return steps.dismiss(acting);
        case 'live-look':
          return steps.askLiveLook(acting);
      }
    }),

    decideAppeal: bind(routes.decideAppeal, async ({ actor, params, body, http }) => {
      const found = await demand(actor, params.id, 'incident.decide');
      const acting = {
        incident: { ...found, version: body.version },
        by: actor.userId,
        reason: body.reason,
        address: http.address,
      };
      await (body.decision === 'grant' ? steps.grantAppeal(acting) : steps.refuseAppeal(acting));
    }),
  };

  async function aroundOf(row: Incident): Promise<IncidentDetail['around']> {
    if (row.kind !== 'class') return null;
    const found = await results.of(row.contextId, null);
    const own = found?.rows.find(({ userId }) => userId === row.userId);
    return found && own ? { live: found.live, spans: own.timeline } : null;
  }
}

function resourceOf({ orgPath, userId, decidedBy }: Incident): Extract<Resource, { kind: 'incident' }> {
  return { kind: 'incident', orgPaths: [orgPath], userId, decidedBy };
}

function toRow(row: StoredRow, now: number): IncidentRow {
  const undecided = isUndecided(stateOf(row));
  return {
    id: row.id,
    kind: row.kind,
    contextId: row.contextId,
    title: row.title,
    ordinal: row.ordinal,
    courseTitle: row.courseTitle,
    orgName: row.orgName,
    userId: row.userId,
    login: row.login,
    name: maskName(row.name),
    openedAt: row.openedAt,
    state: row.state,
    decideBy: row.decideBy,
    overdue: undecided && now >= row.decideBy,
    escalatedAt: row.escalatedAt,
    checks: row.checks,
    version: row.version,
  };
}
