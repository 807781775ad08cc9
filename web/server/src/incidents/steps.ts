/**
 * What people do with an incident, each in one transaction: the step, the ledger's entry if there is one, and the audit
 * log's line are all there, or none of them, whenever the process dies [CH3, CH4].
 */
import type { ReversalGround } from '@keshi/contract/ledger';
import { appendAuditIn, type NewAuditEntry } from '@keshi/db/audit';
import type { Db, Sql } from '@keshi/db/client';
import { Refused } from '@keshi/db/failures';
import { type Incident, type IncidentChange, lockIncident, writeStep } from '@keshi/db/incidents';
import { courseTitleOf, notify } from '@keshi/db/notices';
import { type IncidentStep, step, type StepRefused } from '@keshi/rules/incidents';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { restoreCourseHours, reverseCourseHours } from '../ledger/course-hours.ts';
import { changeTo, stateOf } from './state.ts';

export interface StepsDeps {
  db: Db;
  clock: Clock;
  /** A running class is told that what its checks took back is to be read anew [PR5]. */
  tell?: (incident: Incident) => void;
}

export interface Acting {
  /** As it was read: a step is about this and nothing later. */
  incident: Incident;
  by: string;
  reason: string;
  address: string;
}

export function createSteps({ db, clock, tell = () => undefined }: StepsDeps) {
  /** Locks the incident, asks the rules, and writes the step with its line in the audit log. */
  async function take(
    sql: Sql,
    of: { id: string; version?: number },
    what: IncidentStep,
    {
      at,
      address,
      detail,
      writing,
    }: { at: number; address: string; detail?: NewAuditEntry['detail']; writing?: Partial<IncidentChange> },
  ): Promise<void> {
    const incident = await lockIncident(sql, of);
    const stepped = step(stateOf(incident), what, { learnerId: incident.userId, at });
    if (!stepped.ok) throw refusal(stepped.problem);
    await writeStep(sql, db.personal, incident.id, { ...changeTo(stepped.state), ...writing });
    await appendAuditIn(sql, {
      actorId: actorOf(what, incident),
      orgPath: incident.orgPath,
      action: actions[what.kind],
      targetType: 'user',
      targetId: incident.userId,
      detail: { incidentId: incident.id, kind: incident.kind, contextId: incident.contextId, ...detail },
      address,
    });
    const outcome = outcomes[what.kind];
    if (outcome)
      await notify(sql, {
        userId: incident.userId,
        at,
        key: `finding/${incident.id}/${outcome}`,
        content: {
          kind: 'finding-decided',
          incidentId: incident.id,
          courseTitle: await courseTitleOf(sql, incident.courseId),
          outcome,
        },
      });
  }

  return {
    async dismiss({ incident, by, reason, address }: Acting): Promise<void> {
      const at = clock();
      const decision = { at, by, reason, ground: null };
      await db.transaction((sql) =>
        take(sql, incident, { kind: 'dismiss', by }, { at, address, writing: { decision } }),
      );
      tell(incident);
    },

    async askLiveLook({ incident, by, reason, address }: Acting): Promise<void> {
      const at = clock();
      await db.transaction((sql) =>
        take(
          sql,
          incident,
          { kind: 'live-look', by },
          { at, address, writing: { look: { at, by, reason } } },
        ),
      );
    },

    /** [CH3] All hours of the learner in the course are taken back by the same commit. */
    async confirm({ incident, by, reason, address }: Acting, ground: ReversalGround): Promise<void> {
      const at = clock();
      await reverseCourseHours(
        { db, clock },
        {
          learnerId: incident.userId,
          courseId: incident.courseId,
          by,
          evidenceId: incident.id,
          // The incident holds the words.
          text: '',
          address,
          ground,
          also: (sql, { seq }) =>
            take(
              sql,
              incident,
              { kind: 'confirm', by },
              {
                at,
                address,
                detail: { ground, seq },
                writing: { decision: { at, by, reason, ground }, reversalSeq: seq },
              },
            ),
        },
      );
    },

    async appeal(incident: Incident, text: string, address: string): Promise<void> {
      const at = clock();
      await db.transaction((sql) =>
        take(sql, incident, { kind: 'appeal' }, { at, address, writing: { appeal: { at, text } } }),
      );
    },

    async refuseAppeal({ incident, by, reason, address }: Acting): Promise<void> {
      const at = clock();
      const appealDecision = { at, by, reason };
      await db.transaction((sql) =>
        take(sql, incident, { kind: 'refuse', by }, { at, address, writing: { appealDecision } }),
      );
    },

    /** [CH3] The union of what was and what is comes back by the same commit. */
    async grantAppeal({ incident, by, reason, address }: Acting): Promise<void> {
      const at = clock();
      if (incident.reversalSeq === null) throw refusal('not-now');
      const appealDecision = { at, by, reason };
      await restoreCourseHours(
        { db, clock },
        {
          learnerId: incident.userId,
          courseId: incident.courseId,
          by,
          evidenceId: incident.id,
          text: '',
          address,
          ground: 'appeal-granted',
          reversal: incident.reversalSeq,
          also: (sql, { seq }) =>
            take(
              sql,
              incident,
              { kind: 'grant', by },
              { at, address, detail: { seq }, writing: { appealDecision } },
            ),
        },
      );
      tell(incident);
    },

    /** [CH4] True when it was overdue and nobody had been told. */
    async escalate(id: string): Promise<boolean> {
      try {
        await db.transaction((sql) => take(sql, { id }, { kind: 'escalate' }, { at: clock(), address: '' }));
        return true;
      } catch (error) {
        // Decided, or escalated by another node, a moment before.
        if (error instanceof Refused && error.code === 'outdated') return false;
        throw error;
      }
    },
  };
}
export type Steps = ReturnType<typeof createSteps>;

const actions: Record<IncidentStep['kind'], string> = {
  confirm: 'incident.confirmed',
  dismiss: 'incident.dismissed',
  'live-look': 'incident.look-asked',
  appeal: 'incident.appealed',
  grant: 'incident.appeal-granted',
  refuse: 'incident.appeal-refused',
  escalate: 'incident.escalated',
};

/** What whoever it is about is told of. */
const outcomes: Partial<Record<IncidentStep['kind'], 'confirmed' | 'dismissed' | 'granted' | 'refused'>> = {
  confirm: 'confirmed',
  dismiss: 'dismissed',
  grant: 'granted',
  refuse: 'refused',
};

function actorOf(what: IncidentStep, incident: Incident): string | null {
  if ('by' in what) return what.by;
  return what.kind === 'appeal' ? incident.userId : null;
}

function refusal(problem: StepRefused): Error {
  switch (problem) {
    case 'not-now':
    case 'not-in-time':
      return new Refused('outdated', 'incident');
    case 'not-by-this-person':
      return new AppError('forbidden');
  }
}
