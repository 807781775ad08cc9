import type { RequestListener } from 'node:http';
import { routes, type RouteName } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { getLesson } from '@keshi/db/lessons';
import { getRecording } from '@keshi/db/recordings';
import { systemClock, type Clock } from '@keshi/runtime/clock';
import type { Config } from '@keshi/runtime/config';
import { AppError } from '@keshi/runtime/errors';
import type { Health } from '@keshi/runtime/health';
import type { Logger } from '@keshi/runtime/log';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import type { Metrics } from '@keshi/runtime/metrics';
import type { State } from '@keshi/runtime/state/ports';
import compression from 'compression';
import express from 'express';
import { adminRoutes } from './admin/routes.ts';
import { createResultsReader } from './attendance/class-results.ts';
import { attendanceRoutes } from './attendance/routes.ts';
import { createXlsxWriter } from './attendance/xlsx.ts';
import { createAudit } from './audit.ts';
import { createLogins } from './auth/logins.ts';
import { createPasswords } from './auth/passwords.ts';
import { createRefreshCookie, createRefreshSecrets } from './auth/refresh-secret.ts';
import { authRoutes, type DemoAccount } from './auth/routes.ts';
import { createSessionStore } from './auth/session-store.ts';
import { createSessionWatch } from './auth/session-watch.ts';
import { createTokens } from './auth/tokens.ts';
import { createCertificates } from './certificates/service.ts';
import { createFigures } from './classes/figures.ts';
import { completenessRoutes } from './classes/completeness-routes.ts';
import { classRoutes } from './classes/routes.ts';
import { createSummaries } from './classes/summaries.ts';
import { createExams } from './exams/service.ts';
import { catalogueRoutes } from './courses/catalogue-routes.ts';
import { discussionRoutes } from './courses/discussion-routes.ts';
import { coursewareRoutes } from './courseware/routes.ts';
import { makingRoutes } from './courses/making-routes.ts';
import { projectRoutes } from './courses/project-routes.ts';
import { gradeRoutes } from './grades/routes.ts';
import { healthRoutes } from './health.ts';
import type { Actor, Binding } from './http/call.ts';
import { createFailures, unknownPath } from './http/failures.ts';
import { createFastLane } from './http/fast-lane.ts';
import { mount } from './http/mount.ts';
import { openApi } from './http/openapi.ts';
import { createOriginCheck } from './http/origin.ts';
import { createTurns } from './http/turns.ts';
import { createIdentity, type IdentityParts } from './identity/service.ts';
import { createIncidents } from './incidents/service.ts';
import { ledgerRoutes } from './ledger/routes.ts';
import { publicKeysOf } from './ledger/root-signer.ts';
import { isPreview, lessonRoutes } from './lessons/routes.ts';
import { uploadRoutes } from './lessons/uploads.ts';
import { mediaRoutes } from './media/routes.ts';
import { createRequestTimes, metricsPage } from './metrics.ts';
import { createNotices } from './notices/service.ts';
import { createPages } from './pages.ts';
import { questionRoutes } from './questions/routes.ts';
import { loadScreen } from './questions/screen.ts';
import { quizRoutes } from './quizzes/routes.ts';
import { registrationRoutes } from './registration/routes.ts';
import type { SmsSender } from './registration/sms.ts';
import { replayRoutes } from './replay/routes.ts';
import { securityHeaders } from './security-headers.ts';
import { createEarningPlaces } from './study/earning-places.ts';
import { createLessonMedia } from './study/media.ts';
import { createStudy } from './study/service.ts';
import { createBelowMinimum } from './supervision/below-minimum.ts';
import { supervisionRoutes } from './supervision/routes.ts';

export interface WebDeps {
  config: Pick<
    Config,
    | 'env'
    | 'publicUrl'
    | 'tls'
    | 'tokenSecret'
    | 'signaling'
    | 'metricsToken'
    | 'trustProxy'
    | 'ledger'
    | 'certificates'
    | 'mail'
    | 'proctor'
  >;
  db: Db;
  state: Pick<State, 'bus' | 'registry' | 'lease'>;
  log: Logger;
  metrics: Metrics;
  health: Health;
  identity: IdentityParts;
  registration: {
    /** Null: nothing sends short messages. */
    sms: SmsSender | null;
    /** Whose learners those become who register by themselves; null: nobody does. */
    orgId: string | null;
  };
  /** Where packages of courseware are served, an origin apart from the pages; null: nowhere. */
  coursewareUrl: string | null;
  /** Where recordings are; closed by whoever made it. */
  mediaStore: MediaStore;
  /** The folder of the built pages. */
  pagesDir: string;
  version: string;
  demoAccounts?: readonly DemoAccount[];
  clock?: Clock;
}

export interface Web {
  app: RequestListener;
  close(): Promise<void>;
}

/** The HTTP interface and the pages. Rejects when the shared state cannot be reached. */
export async function createWeb(deps: WebDeps): Promise<Web> {
  const { config, db, state, metrics, health, version, clock = systemClock } = deps;
  const log = deps.log.child({ part: 'web' });
  const https = config.tls !== null || config.publicUrl.startsWith('https:');

  const tokens = createTokens(config.tokenSecret, clock);
  const passwords = await createPasswords();
  const watch = await createSessionWatch({
    bus: state.bus,
    lookUp: createSessionStore(db).reasonOfEnd,
    clock,
    log,
  });
  const secrets = createRefreshSecrets(config.tokenSecret);
  const logins = createLogins({ db, clock, passwords, tokens, secrets, watch });
  const cookie = createRefreshCookie({ https });
  const summaries = createSummaries({ figures: createFigures({ db, clock }) });
  const results = createResultsReader({ db, clock });
  const xlsx = createXlsxWriter();
  const below = createBelowMinimum({ db, clock, results });
  const incidents = createIncidents({
    db,
    vault: deps.identity.vault,
    clock,
    lease: state.lease,
    bus: state.bus,
    results,
    verdictKeys: config.proctor.publicKeys,
    log,
    metrics,
    health,
  });
  const identity = createIdentity({
    ...deps.identity,
    db,
    clock,
    lease: state.lease,
    bus: state.bus,
    log,
    metrics,
    holdEvidence: incidents.holdEvidence,
  });
  const places = createEarningPlaces({ db, clock, bus: state.bus, log });
  const exams = createExams({
    db,
    clock,
    lease: state.lease,
    log,
    faces: deps.identity.judge !== null,
    places,
    store: deps.mediaStore,
    tokenSecret: config.tokenSecret,
  });
  const screen = loadScreen();
  const certificates = createCertificates({ db, clock, results, config, health, log });
  const notices = createNotices({
    db,
    clock,
    lease: state.lease,
    config,
    sms: deps.registration.sms,
    log,
    metrics,
    health,
  });
  const study = createStudy({
    db,
    clock,
    places,
    media: createLessonMedia({ db, clock, tokenSecret: config.tokenSecret }),
    judgesFaces: deps.identity.judge !== null,
    metrics,
  });
  const demoAccounts = config.env === 'production' ? [] : (deps.demoAccounts ?? []);

  // Complete by type: a route of the contract that is bound nowhere does not compile.
  const bindings: Record<RouteName, Binding> = {
    ...healthRoutes({ db, health, registry: state.registry, version }),
    ...authRoutes({ db, clock, logins, passwords, cookie, demoAccounts }),
    ...registrationRoutes({ ...deps.registration, db, clock, passwords, secret: config.tokenSecret }),
    ...identity.routes,
    ...incidents.routes,
    ...exams.routes,
    ...classRoutes({
      db,
      clock,
      tokens,
      summaries,
      signalingUrl: config.signaling.url ?? '',
      publicUrl: config.publicUrl,
    }),
    ...attendanceRoutes({ db, clock, summaries, results, xlsx }),
    ...questionRoutes({ db, clock, screen }),
    ...quizRoutes({ db }),
    ...completenessRoutes({ db, clock }),
    ...replayRoutes({ db, clock, store: deps.mediaStore, tokenSecret: config.tokenSecret }),
    ...certificates.routes,
    ...gradeRoutes({ db, clock, results, xlsx }),
    ...notices.routes,
    ...study.routes,
    ...ledgerRoutes({ db, clock, xlsx, publicKeys: publicKeysOf(config.ledger) }),
    ...supervisionRoutes({ db, summaries, results, below }),
    ...makingRoutes({ db, clock }),
    ...lessonRoutes({ db, clock, store: deps.mediaStore, tokenSecret: config.tokenSecret }),
    ...coursewareRoutes({
      db,
      clock,
      tokenSecret: config.tokenSecret,
      coursewareUrl: deps.coursewareUrl,
    }),
    ...catalogueRoutes({ db, clock, screen }),
    ...discussionRoutes({ db, clock, screen }),
    ...projectRoutes({ db }),
    ...adminRoutes({ db, clock, logins, passwords }),
  };

  async function authenticate(authorization: string | undefined): Promise<Actor> {
    const [scheme, token] = authorization?.split(' ') ?? [];
    if (scheme?.toLowerCase() !== 'bearer' || !token) throw new AppError('unauthenticated');
    const { sub, sid, memberships } = tokens.readAccess(token);
    await watch.confirm(sid);
    return { userId: sub, sid, memberships };
  }

  const pages = createPages(deps.pagesDir);
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', config.trustProxy);
  const requestTimes = createRequestTimes(metrics);
  app.use(requestTimes.handler);
  app.use(
    securityHeaders({
      scriptHashes: pages.scriptHashes,
      publicUrl: config.publicUrl,
      signalingUrl: config.signaling.url,
      coursewareUrl: deps.coursewareUrl,
      https,
    }),
  );
  app.get('/metrics', metricsPage(metrics, config.metricsToken));
  app.use(
    mediaRoutes({
      store: deps.mediaStore,
      tokenSecret: config.tokenSecret,
      confirm: watch.confirm,
      isOver: async (classId) => {
        const recording = await getRecording(db, classId);
        return recording?.state === 'ready' || recording?.state === 'failed';
      },
      isPreview: async (lessonId) => {
        const lesson = await getLesson(db, lessonId);
        return lesson !== null && isPreview(lesson);
      },
      clock,
      log,
    }),
  );
  app.use(compression());
  const originCheck = createOriginCheck(config.publicUrl);
  app.use('/api', originCheck.handler);
  const description = openApi(routes, { version, url: config.publicUrl });
  app.get('/api/openapi.json', (_req, res) => void res.json(description));
  const takeTurn = createTurns(clock);
  const audit = createAudit(db, log);
  app.use(uploadRoutes({ db, store: deps.mediaStore, clock, authenticate, takeTurn, audit }));
  const checkReplies = config.env !== 'production';
  mount(app, bindings, { authenticate, takeTurn, audit, checkReplies });
  app.use('/api', unknownPath);
  app.use(pages.handler);
  const failures = createFailures(log);
  app.use(failures.handler);

  return {
    app: createFastLane([bindings.reportStudy, bindings.saveAnswers], {
      authenticate,
      takeTurn,
      checkReplies,
      isOwnOrigin: originCheck.isOwnOrigin,
      failed: failures.failed,
      observe: requestTimes.observe,
      next: app,
    }),
    async close() {
      await Promise.all(
        [identity, incidents, certificates, notices, exams, study].map((part) => part.close()),
      );
      await watch.close();
    },
  };
}
