import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { root } from '../install/layout.mjs';

const lockShape = z.object({
  packages: z.record(
    z.string(),
    z.object({
      resolved: z.string().optional(),
      link: z.boolean().optional(),
      optionalDependencies: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

const { packages } = lockShape.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));

test('package-lock.json names no registry, so that every mirror will do', () => {
  const elsewhere = Object.values(packages)
    .filter(({ link }) => !link)
    .flatMap(({ resolved }) => resolved ?? []);
  expect(elsewhere).toEqual([]);
});

test('package-lock.json holds the packages of every platform, without which npm ci refuses it', () => {
  const paths = Object.keys(packages);
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !paths.some((other) => other.endsWith(`node_modules/${name}`)))
      .map((name) => `${name} of ${path}`),
  );
  expect(missing).toEqual([]);
});
