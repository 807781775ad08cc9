import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'prisma/config';

/**
 * The CLI wants its native schema engine for every command, `generate` too, and would download it. Where an
 * installation brought it, that one is used; else the same engine as WebAssembly from npm, so that nothing is downloaded.
 */
function schemaEngine(): string | undefined {
  const engines = path.dirname(createRequire(import.meta.url).resolve('@prisma/engines/package.json'));
  const native = readdirSync(engines).find(
    (file) => /^schema-engine-[\w.-]+$/.test(file) && !file.endsWith('.sha256'),
  );
  if (native !== undefined) return path.join(engines, native);
  if (process.platform === 'win32') return undefined;
  return fileURLToPath(new URL('./tools/schema-engine.mjs', import.meta.url));
}

const engine = schemaEngine();
if (engine !== undefined) process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= engine;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // Not `env('DATABASE_URL')`: that throws when it is unset, and generate, validate and diff need no database.
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
