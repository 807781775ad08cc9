import { defineConfig } from 'vitest/config';
import { k6Path } from './start/k6/path.mjs';
import { minioPath } from './start/minio/path.mjs';
import { workerPath } from './start/worker/path.mjs';

// Real PostgreSQL, Redis, media workers and browsers: starting one takes seconds on a small machine.
const seconds = 1000;

export default defineConfig({
  test: {
    env: { MEDIASOUP_WORKER_BIN: workerPath(), MINIO_BIN: minioPath(), K6_BIN: k6Path(), NODE_ENV: 'test' },
    // A test that is left alone with .only would hide all others; a missing service must fail, so nothing retries.
    allowOnly: false,
    retry: 0,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{contract,rules,runtime,start}/test/**/*.test.ts', 'web/client/test/**/*.test.ts'],
          maxWorkers: 2,
          testTimeout: 20 * seconds,
          hookTimeout: 60 * seconds,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['{db,sfu,signaling,proctor,web/server,loadtest}/test/**/*.test.ts'],
          maxWorkers: 2,
          testTimeout: 60 * seconds,
          hookTimeout: 120 * seconds,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/test/**/*.test.ts'],
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 180 * seconds,
          hookTimeout: 300 * seconds,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
