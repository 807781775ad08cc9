import { randomUUID } from 'node:crypto';
import type { Db } from '@keshi/db/client';
import type { Clock } from '@keshi/runtime/clock';
import type { Logger } from '@keshi/runtime/log';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import type { Lease } from '@keshi/runtime/state/ports';
import { createRounds } from '../identity/rounds.ts';
import type { EarningPlaces } from '../study/earning-places.ts';
import { createContents } from './contents.ts';
import { createDrawer } from './drawer.ts';
import { examRoutes } from './exam-routes.ts';
import { createGrader } from './grader.ts';
import { gradingRoutes } from './grading-routes.ts';
import { itemRoutes } from './item-routes.ts';
import { createMediaMaker } from './media/maker.ts';
import { itemMediaRoutes } from './media/routes.ts';
import { createItemShelf } from './media/shelf.ts';
import { createSaver } from './saver.ts';
import { createSittingChecks } from './sitting-checks.ts';
import { createTransfer } from './transfer/transfer.ts';
import { transferRoutes } from './transfer/transfer-routes.ts';
import { sittingRoutes } from './sitting-routes.ts';

interface Deps {
  db: Db;
  clock: Clock;
  lease: Lease;
  log: Logger;
  /** Whether faces can be judged here. */
  faces: boolean;
  places: EarningPlaces;
  /** Where pictures and sounds of questions are. */
  store: MediaStore;
  tokenSecret: string;
}

/** How soon after its deadline an attempt is ended that nobody handed in. */
const everyMs = 3_000;
const sweepEveryMs = 6 * 3_600_000;

/** The question bank, exams, and what becomes of attempts. */
export function createExams({ db, clock, lease, faces, places, store, tokenSecret, ...deps }: Deps) {
  const log = deps.log.child({ part: 'exams' });
  const contents = createContents(db);
  const drawer = createDrawer({ db, clock });
  const grader = createGrader({ db, clock, contents, log });
  const saver = createSaver({ db, clock });
  const checks = createSittingChecks({ db, clock, faces });
  const maker = createMediaMaker();
  const shelf = createItemShelf({ db, store, clock });
  const holder = randomUUID();
  const rounds = createRounds({
    name: 'exams',
    everyMs,
    work: (signal) => grader.endExpired(signal),
    log,
    lease: { port: lease, holder },
  });
  const sweeps = createRounds({
    name: 'item-media',
    everyMs: sweepEveryMs,
    work: (signal) => shelf.sweep(signal),
    log,
    lease: { port: lease, holder },
  });
  return {
    routes: {
      ...itemRoutes({ db, shelf }),
      ...itemMediaRoutes({ db, clock, maker, shelf, tokenSecret }),
      ...transferRoutes({ db, transfer: createTransfer(), maker, shelf }),
      ...examRoutes({ db, clock, contents, drawer }),
      ...sittingRoutes({ db, clock, contents, drawer, grader, saver, checks, places }),
      ...gradingRoutes({ db, contents, grader }),
    },
    async close(): Promise<void> {
      await Promise.all([rounds.close(), sweeps.close(), saver.close()]);
    },
  };
}
