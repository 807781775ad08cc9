import type { SfuServiceConfig } from '../service.ts';

/** What a service is configured with in tests: on this machine alone, on ports the system chooses. */
export const sfuConfig = (workers: number): SfuServiceConfig => ({
  workers,
  workerConsumers: 500,
  workerMbps: 400,
  listenIp: '127.0.0.1',
  announcedAddress: null,
  portBase: 0,
  pipeAddress: null,
  pipePorts: null,
  region: null,
});
