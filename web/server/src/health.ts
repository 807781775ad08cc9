import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { countFaces } from '@keshi/db/face-references';
import { listOutages } from '@keshi/db/outages';
import { faceFiling, filingState } from '@keshi/rules/identity-state';
import type { Health, HealthReport } from '@keshi/runtime/health';
import type { NodeRegistry } from '@keshi/runtime/state/ports';
import { z } from 'zod';
import { authorise } from './access.ts';
import { bind } from './http/bind.ts';

interface Deps {
  db: Db;
  health: Health;
  registry: NodeRegistry;
  version: string;
}

/** Under which services announce themselves. */
const kinds = ['web', 'signaling', 'sfu', 'proctor'] as const;
const outagesShown = 50;

export function healthRoutes({ db, health, registry, version }: Deps) {
  return {
    health: bind(routes.health, async ({ http }) => {
      const report = await health.report();
      if (report.status === 'down') http.status(503);
      return { status: report.status, version, checks: checksOf(report) };
    }),

    platformHealth: bind(routes.platformHealth, async ({ actor }) => {
      authorise(actor, 'health.read', { kind: 'platform' });
      const [report, outages, enrolled, ...nodes] = await Promise.all([
        health.report(),
        listOutages(db, { limit: outagesShown }),
        countFaces(db),
        ...kinds.map((kind) => registry.list(kind)),
      ]);
      const detail = z.record(z.string(), z.unknown()).catch({});
      return {
        status: report.status,
        services: [
          { kind: 'web', id: 'this', status: report.status, detail: checksOf(report) },
          ...kinds.flatMap((kind, index) =>
            (nodes[index] ?? []).map(({ id, info }) => ({
              kind,
              id,
              status: 'alive',
              detail: detail.parse(info),
            })),
          ),
        ],
        outages: outages.rows.map(({ kind, scope, from, to }) => ({ kind, scope, from, to })),
        faces: { enrolled, filing: filingState(enrolled), filingAt: faceFiling.filingAt },
      };
    }),
  };
}

/** Reasons are written for operators and carry no secrets. */
function checksOf({ checks }: HealthReport) {
  return Object.fromEntries(
    Object.entries(checks).map(([name, check]) => [
      name,
      { status: check.status, ...(check.status === 'ok' ? {} : { detail: check.reason }) },
    ]),
  );
}
