import { z } from 'zod';
import { adminRoutes } from './admin.ts';
import { authRoutes } from './auth.ts';
import { certificateRoutes } from './certificates.ts';
import { checkRoutes } from './checks.ts';
import { classRoutes } from './classes.ts';
import { courseRoutes } from './courses.ts';
import { identityRoutes } from './identity.ts';
import { incidentRoutes } from './incidents.ts';
import { ledgerRoutes } from './ledger.ts';
import { lessonRoutes } from './lessons.ts';
import { registrationRoutes } from './registration.ts';
import { replayRoutes } from './replay.ts';
import { defineRoutes } from './route.ts';

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
  ...checkRoutes,
  ...replayRoutes,
  ...ledgerRoutes,
  ...incidentRoutes,
  ...courseRoutes,
  ...lessonRoutes,
  ...certificateRoutes,
  ...adminRoutes,
};
export type Routes = typeof routes;
export type RouteName = keyof Routes;
