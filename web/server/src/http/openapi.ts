import { errorCodes } from '@keshi/contract/errors';
import type { Route } from '@keshi/contract/http/route';
import { z } from 'zod';

interface Options {
  version: string;
  /** The public address of the interface. */
  url: string;
}

/** The interface as OpenAPI 3.1, made from the same table the server and the page are made from. */
export function openApi(routes: Readonly<Record<string, Route>>, { version, url }: Options): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, route] of Object.entries(routes)) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route) };
  }
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: '课时 Keshi',
      version,
      description:
        'Live classes, attendance and supervision. Instants are integer milliseconds since the epoch. ' +
        'Errors are `{ "error": { "code", … } }`; a code never carries personal data.',
    },
    servers: [{ url }],
    tags: [...new Set(Object.values(routes).map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        session: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
      schemas: {
        Error: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['code'],
              properties: {
                code: { enum: [...errorCodes] },
                retryMs: { type: 'number', description: 'When to try again.' },
                id: { type: 'string', description: 'Under which the cause is logged.' },
                fields: { type: 'array', items: { type: 'string' } },
              },
            },
          },
        },
      },
    },
  };
}

function operation(name: string, route: Route): object {
  return {
    operationId: name,
    tags: [route.tag],
    summary: route.summary,
    security: route.access === 'session' ? [{ session: [] }] : [],
    parameters: [...parameters('path', route.params), ...parameters('query', route.query)],
    ...(route.upload
      ? {
          requestBody: {
            required: true,
            content: { [route.upload.type]: { schema: { type: 'string', contentEncoding: 'binary' } } },
          },
        }
      : {}),
    ...(route.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(route.body, 'input') } },
          },
        }
      : {}),
    responses: {
      ...success(route),
      default: {
        description: 'Refused or failed.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function success(route: Route): object {
  if (route.file) {
    const schema = { type: 'string', contentEncoding: 'binary' };
    return {
      200: {
        description: 'The file.',
        content: Object.fromEntries(route.file.map((type) => [type, { schema }])),
      },
    };
  }
  if (!route.reply) return { 204: { description: 'Done.' } };
  return {
    200: {
      description: 'Done.',
      content: { 'application/json': { schema: schemaOf(route.reply, 'output') } },
    },
  };
}

function parameters(where: 'path' | 'query', schema: z.ZodObject | undefined): object[] {
  return Object.entries(schema?.shape ?? {}).map(([name, part]) => ({
    name,
    in: where,
    // What may be left out parses without it; a path has all its parts.
    required: where === 'path' || !z.safeParse(part, undefined).success,
    // Told as the value after parsing: a number in a query is written in digits.
    schema: schemaOf(part, 'output'),
  }));
}

function schemaOf(schema: z.core.$ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
