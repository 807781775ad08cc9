import { admin } from './admin.ts';
import { certificates } from './certificates.ts';
import { checks } from './checks.ts';
import { common } from './common.ts';
import { courses } from './courses.ts';
import { errors } from './errors.ts';
import { hours } from './hours.ts';
import { identity } from './identity.ts';
import { incidents } from './incidents.ts';
import { learn } from './learn.ts';
import { live } from './live.ts';
import { reasons } from './reasons.ts';
import { replay } from './replay.ts';
import { shell } from './shell.ts';
import { supervise } from './supervise.ts';
import { teach } from './teach.ts';
import type { Catalogue } from '../zh-CN/catalogue.ts';

export const catalogue: Catalogue = {
  admin,
  certificates,
  checks,
  common,
  courses,
  errors,
  hours,
  identity,
  incidents,
  learn,
  live,
  reasons,
  replay,
  shell,
  supervise,
  teach,
};
