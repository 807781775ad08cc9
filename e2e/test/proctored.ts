/** Web, proctor and signaling in one process, for tests in which the face decides: everything but the media of a class. */
import { fileURLToPath } from 'node:url';
import { createHealth } from '@keshi/runtime/health';
import { createLogger } from '@keshi/runtime/log';
import { createMetrics } from '@keshi/runtime/metrics';
import { createProctorService } from '../../proctor/src/service.ts';
import { noMediaNodes } from '../../signaling/src/media/nodes.ts';
import { createSignaling } from '../../signaling/src/service.ts';
import { proctorJudge } from '../../web/server/src/checks/face-judge.ts';
import { knowFace } from '../../web/server/test/known-face.ts';
import { type RunningWeb, runWeb, tokenOf } from '../../web/server/test/running-web.ts';

const pagesDir = fileURLToPath(new URL('../../web/client/build', import.meta.url));
const secret = 'a secret between the services of these tests';

export interface Proctored {
  readonly web: RunningWeb;
  /** Enrols the face that most clips show. */
  knowFaces(learners: Iterable<readonly [login: string, userId: string]>): Promise<void>;
  close(): Promise<void>;
}

export async function openProctored(): Promise<Proctored> {
  const log = createLogger({ name: 'test', level: 'silent', format: 'json' });
  const health = createHealth(log);
  const web = await runWeb({ pagesDir, judge: ({ jobs }) => proctorJudge({ queue: jobs, secret }) });
  const proctor = await createProctorService({
    log,
    metrics: createMetrics({ service: 'proctor-test' }),
    health,
    queue: web.state.jobs,
    secret,
    nodeId: 'proctor-test',
    threads: 1,
    signingKey: Buffer.alloc(32, 5),
  });
  const signaling = await createSignaling({
    http: web.listener.server,
    config: {
      tokenSecret: 'a secret of the tests, long enough to be one',
      redisUrl: null,
      turn: null,
      trustProxy: 0,
      signaling: { region: null, hlsViewers: 0 },
    },
    state: web.state,
    db: web.db,
    media: noMediaNodes(),
    log,
    metrics: createMetrics({ service: 'signaling-test' }),
    health,
  });
  return {
    web,
    async knowFaces(learners) {
      for (const [login, userId] of learners)
        await knowFace(web, proctor.proctor, { userId, token: await tokenOf(web, login), who: 'plain' });
    },
    async close() {
      await signaling.close();
      await proctor.close();
      await web.close();
    },
  };
}
