import type { Route, RouteBody, RouteParams, RouteQuery } from '@keshi/contract/http/route';
import { AppError } from '@keshi/runtime/errors';
import type { z } from 'zod';
import type { Answer, Binding, Call, Limit } from './call.ts';

/**
 * Ties a route of the contract to what it does. The handler sees only input that fits the route's schemas; input that
 * does not is refused as `invalid-input` with the paths that were wrong.
 */
export function bind<R extends Route>(
  route: R,
  handler: (call: Call<R>) => Promise<Answer<R>>,
  { limit = 'ordinary' }: { limit?: Limit } = {},
): Binding {
  return {
    route,
    limit,
    async invoke({ params, query, body, actor, http, audit }) {
      if (route.access === 'session' && !actor) throw new AppError('unauthenticated');
      const wrong: string[] = [];
      const input = {
        params: parsePart(route.params, params, 'params', wrong),
        query: parsePart(route.query, query, 'query', wrong),
        body: route.upload ? bytesOf(body, wrong) : parsePart(route.body, body, 'body', wrong),
      };
      if (wrong.length > 0) throw new AppError('invalid-input', { fields: wrong });
      // The schemas above are the ones these types are inferred from.
      return handler({
        params: input.params as RouteParams<R>,
        query: input.query as RouteQuery<R>,
        body: input.body as RouteBody<R>,
        actor: actor as Call<R>['actor'],
        http,
        audit,
      });
    },
  };
}

/** The bytes of an upload; what came under another type than the route's has not been read. */
function bytesOf(body: unknown, wrong: string[]): Uint8Array | undefined {
  if (body instanceof Uint8Array && body.length > 0) return body;
  wrong.push('body');
  return undefined;
}

/** Appends the wrong paths to `wrong`, such as `body.logins.3`; at most twenty are told. */
function parsePart(schema: z.ZodType | undefined, value: unknown, part: string, wrong: string[]): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value);
  if (result.success) {
    const at = pathOfNul(result.data);
    if (at === null) return result.data;
    wrong.push([part, ...at].join('.'));
    return undefined;
  }
  for (const issue of result.error.issues) {
    if (wrong.length < 20) wrong.push([part, ...issue.path.map(String)].join('.'));
  }
  return undefined;
}

/** Where a text holds U+0000, the one character PostgreSQL cannot store; null when none does. */
function pathOfNul(value: unknown): string[] | null {
  if (typeof value === 'string') return value.includes('\0') ? [] : null;
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const at = pathOfNul(inner);
    if (at) return [key, ...at];
  }
  return null;
}
