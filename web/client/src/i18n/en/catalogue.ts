import { admin } from './admin.ts';
import { certificates } from './certificates.ts';
import { checks } from './checks.ts';
import { common } from './every-area.ts';
import { courses } from './courses.ts';
import { errors } from './errors.ts';
import { exams } from './exams.ts';
import { grades } from './grades.ts';
import { hours } from './hours.ts';
import { identity } from './identity.ts';
import { incidents } from './incidents.ts';
import { learn } from './learn.ts';
import { live } from './live.ts';
import { notices } from './notices.ts';
import { reasons } from './reasons.ts';
import { replay } from './replay.ts';
import { shell } from './shell.ts';
import { study } from './study.ts';
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
  exams,
  grades,
  hours,
  identity,
  incidents,
  learn,
  live,
  notices,
  reasons,
  replay,
  shell,
  study,
  supervise,
  teach,
};
