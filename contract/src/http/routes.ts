import { z } from 'zod';
import { adminRoutes } from './admin.ts';
import { authRoutes } from './auth.ts';
import { certificateRoutes } from './certificates.ts';
import { checkRoutes } from './checks.ts';
import { classRoutes } from './classes.ts';
import { discussionRoutes } from './discussions.ts';
import { completenessRoutes } from './completeness.ts';
import { examRoutes } from './exams.ts';
import { courseRoutes } from './courses.ts';
import { gradeRoutes } from './grades.ts';
import { identityRoutes } from './identity.ts';
import { incidentRoutes } from './incidents.ts';
import { itemMediaRoutes } from './item-media.ts';
import { itemRoutes } from './items.ts';
import { ledgerRoutes } from './ledger.ts';
import { lessonRoutes } from './lessons.ts';
import { noticeRoutes } from './notices.ts';
import { registrationRoutes } from './registration.ts';
import { replayRoutes } from './replay.ts';
import { defineRoutes } from './route.ts';
import { studyRoutes } from './study.ts';

const healthRoutes = defineRoutes({
  health: {
    method: 'GET',
    path: '/api/health',
    tag: 'health',
    access: 'public',
    summary: '200 when everything is ready, 503 with the failing check otherwise.',
    reply: z.object({
      status: z.enum(['ok', 'degraded', 'down']),
      version: z.string(),
      checks: z.record(
        z.string(),
        z.object({ status: z.enum(['ok', 'degraded', 'down']), detail: z.string().optional() }),
      ),
    }),
  },
});

/** The whole HTTP interface. */
export const routes = {
  ...healthRoutes,
  ...authRoutes,
  ...registrationRoutes,
  ...identityRoutes,
  ...classRoutes,
  ...completenessRoutes,
  ...checkRoutes,
  ...replayRoutes,
  ...ledgerRoutes,
  ...studyRoutes,
  ...incidentRoutes,
  ...itemRoutes,
  ...itemMediaRoutes,
  ...examRoutes,
  ...courseRoutes,
  ...discussionRoutes,
  ...lessonRoutes,
  ...certificateRoutes,
  ...gradeRoutes,
  ...noticeRoutes,
  ...adminRoutes,
};
export type Routes = typeof routes;
export type RouteName = keyof Routes;
