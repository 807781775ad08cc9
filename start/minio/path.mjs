// @ts-check
import { join } from 'node:path';
import { cacheFolder } from '../install/layout.mjs';

/** The last release before the project closed; it has no tags that Go's modules know, so its commit names it. */
export const minioVersion = 'v0.0.0-20260212201848-7aac2a2c5b7c';

/**
 * MinIO's binary, the S3 server of the tests: the one named by MINIO_BIN, else the cached one. The file need not exist
 * yet; `npm test` puts it there.
 * @returns {string} absolute path
 */
export function minioPath() {
  if (process.env.MINIO_BIN) return process.env.MINIO_BIN;
  return join(cacheFolder(), `minio-${minioVersion}-${process.platform}-${process.arch}`);
}
