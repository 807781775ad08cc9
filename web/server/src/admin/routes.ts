import type { Db } from '@keshi/db/client';
import type { Clock } from '@keshi/runtime/clock';
import type { Logins } from '../auth/logins.ts';
import type { Passwords } from '../auth/passwords.ts';
import { auditRoutes } from './audit.ts';
import { courseRoutes } from './courses.ts';
import { groupRoutes } from './groups.ts';
import { organizationRoutes } from './organizations.ts';
import { scheduleRoutes } from './schedule.ts';
import { userRoutes } from './users.ts';

interface Deps {
  db: Db;
  clock: Clock;
  logins: Logins;
  passwords: Passwords;
}

export function adminRoutes(deps: Deps) {
  return {
    ...organizationRoutes(deps),
    ...userRoutes(deps),
    ...courseRoutes(deps),
    ...groupRoutes(deps),
    ...scheduleRoutes(deps),
    ...auditRoutes(deps),
  };
}
