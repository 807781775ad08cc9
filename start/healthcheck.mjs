// @ts-check
// `node start/healthcheck.mjs URL`: for container health checks. Exits 0 when the service answers and does not say
// that it is down (5xx); ports without a health page, like the SFU's link, show by answering that they are alive.
const response = await fetch(String(process.argv[2]), { signal: AbortSignal.timeout(4_000) }).catch(
  () => undefined,
);
process.exitCode = response && response.status < 500 ? 0 : 1;
