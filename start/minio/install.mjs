// @ts-check
import { ensureGoProgram } from '../install/go-program.mjs';
import { minioPath, minioVersion } from './path.mjs';

/**
 * Makes sure the S3 server of the tests exists and runs on this machine.
 * @returns {Promise<string>} the binary's path, for MINIO_BIN
 */
export function ensureMinio() {
  return ensureGoProgram({
    name: 'MinIO, the S3 server of the tests',
    path: minioPath(),
    variable: 'MINIO_BIN',
    versionArguments: ['--version'],
    build: () => ({
      args: [
        'install',
        '-p',
        '2',
        '-trimpath',
        '-ldflags',
        '-s -w',
        `github.com/minio/minio@${minioVersion}`,
      ],
      built: 'minio',
    }),
  });
}
