// @ts-check
// `node start/healthcheck.mjs URL`: for container health checks. Exits 0 when the service answers that it is well.
const response = await fetch(String(process.argv[2]), { signal: AbortSignal.timeout(4_000) }).catch(
  () => undefined,
);
process.exitCode = response?.ok ? 0 : 1;
