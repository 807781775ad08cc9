import { z } from 'zod';
import { id, instant, interval, timelineSpan } from '../domain.ts';
import {
  checkCause,
  checkPurpose,
  incidentFilter,
  incidentKind,
  incidentState,
  recordProof,
} from '../incidents.ts';
import { reversalGround } from '../ledger.ts';
import { verdict } from '../proctor.ts';
import { pageOf, pageQuery } from './page.ts';
import { defineRoutes } from './route.ts';

const byId = z.object({ id });
const reason = z.string().trim().min(2).max(500);
/** As whoever decides has seen it: a step is about that and nothing later. */
const version = z.int().positive();

const place = {
  kind: incidentKind,
  contextId: id,
  /** Of the class, lesson or exam. */
  title: z.string(),
  ordinal: z.int().nullable(),
  courseTitle: z.string(),
};

export const incidentRow = z.object({
  id,
  ...place,
  orgName: z.string(),
  userId: id,
  login: z.string(),
  /** Masked. */
  name: z.string(),
  openedAt: instant,
  state: incidentState,
  /** Of what is undecided. */
  decideBy: instant,
  overdue: z.boolean(),
  escalatedAt: instant.nullable(),
  checks: z.int().nonnegative(),
  version,
});
export type IncidentRow = z.infer<typeof incidentRow>;

export const incidentCheck = z.object({
  id,
  purpose: checkPurpose,
  cause: checkCause,
  askedAt: instant,
  deadline: instant,
  answeredAt: instant.nullable(),
  settledAt: instant,
  verdict,
  /** Of each picture to the nearest reference; null where it could not be compared. Empty where none was judged. */
  distances: z.array(z.number().nullable()),
  modelVersion: z.string().nullable(),
  proof: recordProof,
  /** How many pictures of it are held. */
  pictures: z.int().nonnegative(),
});
export type IncidentCheck = z.infer<typeof incidentCheck>;

const act = z.object({ at: instant, by: z.string(), reason: z.string() });

export const incidentDetail = incidentRow.extend({
  checkList: z.array(incidentCheck),
  look: act.nullable(),
  decision: act.extend({ ground: reversalGround.nullable() }).nullable(),
  appealBy: instant.nullable(),
  appeal: z.object({ at: instant, text: z.string() }).nullable(),
  appealDecision: act.nullable(),
  picturesGoneAt: instant.nullable(),
  /** Whether the one who asks may decide what is undecided. */
  mayDecide: z.boolean(),
  /** The learner's time in the class around it; null where there is none. */
  around: z.object({ live: z.array(interval), spans: z.array(timelineSpan) }).nullable(),
});
export type IncidentDetail = z.infer<typeof incidentDetail>;

export const incidentPictures = z.object({
  /** JPEG in base64, in the order of the checks. */
  pictures: z.array(
    z.object({ checkId: id, position: z.int().nonnegative(), takenAt: instant, picture: z.string() }),
  ),
  /** The picture the person was enrolled with; null when it has gone. */
  reference: z.string().nullable(),
});
export type IncidentPictures = z.infer<typeof incidentPictures>;

/** What somebody is told of a finding about himself. */
export const ownIncident = z.object({
  id,
  ...place,
  courseId: id,
  openedAt: instant,
  state: incidentState,
  decideBy: instant,
  checks: z.array(z.object({ at: instant, verdict })),
  decision: z.object({ at: instant, reason: z.string(), ground: reversalGround.nullable() }).nullable(),
  appealBy: instant.nullable(),
  /** Whether one can appeal now. */
  mayAppeal: z.boolean(),
  appeal: z.object({ at: instant, text: z.string() }).nullable(),
  appealDecision: z.object({ at: instant, reason: z.string() }).nullable(),
  version,
});
export type OwnIncident = z.infer<typeof ownIncident>;

export const incidentRoutes = defineRoutes({
  listIncidents: {
    method: 'GET',
    path: '/api/incidents',
    tag: 'incidents',
    access: 'session',
    summary: 'Findings in one’s scope, by their deadline; those decided latest first (CH4).',
    query: pageQuery.extend({ filter: incidentFilter.default('waiting') }),
    reply: pageOf(incidentRow).extend({ counts: z.record(incidentFilter, z.int().nonnegative()) }),
  },
  ownIncidents: {
    method: 'GET',
    path: '/api/me/incidents',
    tag: 'incidents',
    access: 'session',
    summary: 'Findings about oneself, with what was decided and until when one can appeal.',
    reply: z.object({ rows: z.array(ownIncident) }),
  },
  appealIncident: {
    method: 'POST',
    path: '/api/me/incidents/:id/appeal',
    tag: 'incidents',
    access: 'session',
    summary: 'Appeal against a confirmed finding, in its time; another person decides (CH4).',
    params: byId,
    body: z.object({ text: z.string().trim().min(2).max(2000), version }),
  },
  getIncident: {
    method: 'GET',
    path: '/api/incidents/:id',
    tag: 'incidents',
    access: 'session',
    summary: 'One finding: its checks, whether their records are what was signed, and the class around it.',
    params: byId,
    reply: incidentDetail,
  },
  incidentPictures: {
    method: 'POST',
    path: '/api/incidents/:id/pictures',
    tag: 'incidents',
    access: 'session',
    summary: 'The pictures of a finding beside the one the person was enrolled with; each time is logged.',
    params: byId,
    reply: incidentPictures,
  },
  decideIncident: {
    method: 'POST',
    path: '/api/incidents/:id/decision',
    tag: 'incidents',
    access: 'session',
    summary: 'Confirm (all hours in the course are taken back), dismiss, or ask for a live look (CH3, CH4).',
    params: byId,
    body: z.discriminatedUnion('decision', [
      z.object({ decision: z.literal('confirm'), ground: reversalGround, reason, version }),
      z.object({ decision: z.enum(['dismiss', 'live-look']), reason, version }),
    ]),
  },
  decideAppeal: {
    method: 'POST',
    path: '/api/incidents/:id/appeal',
    tag: 'incidents',
    access: 'session',
    summary: 'Grant an appeal (the hours come back) or refuse it; never by whoever confirmed (CH3).',
    params: byId,
    body: z.object({ decision: z.enum(['grant', 'refuse']), reason, version }),
  },
});
