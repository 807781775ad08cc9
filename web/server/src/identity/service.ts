import { randomUUID } from 'node:crypto';
import type { Db } from '@keshi/db/client';
import { countFaces } from '@keshi/db/face-references';
import type { Vault } from '@keshi/db/vault';
import { faceFiling } from '@keshi/rules/identity-state';
import type { Clock } from '@keshi/runtime/clock';
import type { Logger } from '@keshi/runtime/log';
import type { Metrics } from '@keshi/runtime/metrics';
import type { ClassBus, Lease } from '@keshi/runtime/state/ports';
import { checkRoutes } from '../checks/routes.ts';
import type { FaceJudge } from '../checks/face-judge.ts';
import { createAuthority } from './authority.ts';
import { createErasure } from './erasure.ts';
import type { FaceAnalyser } from './face-analyser.ts';
import { identityQueueRoutes } from './queue-routes.ts';
import { createRetention } from './retention.ts';
import { createRounds, type Rounds } from './rounds.ts';
import { identityRoutes } from './routes.ts';
import type { IdentityVerifier } from './verifier.ts';

const askEveryMs = 5_000;
const retainEveryMs = 60_000;

/** What of who people are comes from outside this service. */
export interface IdentityParts {
  /** Closed by whoever opened it. */
  vault: Vault;
  /** Null: nothing here judges faces, and people are checked by a person. */
  faces: FaceAnalyser | null;
  /** Null: every check is our own failure [PR3], and people are checked by a person. */
  judge: FaceJudge | null;
  /** Null: no authority is asked, and staff decide. */
  verifier: IdentityVerifier | null;
}

interface Deps extends IdentityParts {
  db: Db;
  clock: Clock;
  lease: Lease;
  bus: ClassBus;
  log: Logger;
  metrics: Metrics;
  /** Done before a learner's face is erased at his own wish. */
  holdEvidence: (userId: string) => Promise<void>;
}

/** Documents, consent, faces and their decision, with what has to be done about them from time to time. */
export function createIdentity(deps: Deps) {
  const { db, clock, vault, faces, judge, verifier, lease, bus, log, metrics, holdEvidence } = deps;
  metrics.gauge({
    name: 'faces_enrolled',
    help: `People whose face is stored; ${faceFiling.filingAt} have to be filed with the authority within 30 working days.`,
    collect: async (gauge) => gauge.set(await countFaces(db)),
  });
  const erasure = createErasure({ db, vault, log });
  const retain = createRetention({ db, clock, erasure });
  const rounds: Rounds[] = [
    createRounds({
      name: 'identity-retention',
      everyMs: retainEveryMs,
      work: retain,
      log,
      lease: { port: lease, holder: randomUUID() },
    }),
  ];
  let askSoon = () => undefined as void;
  if (verifier) {
    const authority = createAuthority({ db, vault, verifier, clock, log });
    const asking = createRounds({
      name: 'identity-authority',
      everyMs: askEveryMs,
      work: authority.askDue,
      log,
    });
    askSoon = asking.nudge;
    rounds.push(asking);
  }
  const asksAuthority = verifier !== null;

  return {
    routes: {
      ...identityRoutes({ db, clock, vault, faces, erasure, askSoon, asksAuthority, holdEvidence }),
      ...identityQueueRoutes({ db, clock, vault, asksAuthority }),
      ...checkRoutes({ db, clock, vault, judge, bus, log }),
    },
    retain,
    async close(): Promise<void> {
      await Promise.all(rounds.map((round) => round.close()));
    },
  };
}
