/** One HTTP route as both sides know it: the server registers it, OpenAPI is generated from it, the page calls it. */
import type { z } from 'zod';

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Express path, parameters as `:name`. */
  path: string;
  summary: string;
  tag: string;
  /** `public` needs no login; `session` any logged-in person. What the person may do is decided by the access rules. */
  access: 'public' | 'session';
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** The most its JSON body may have, bytes; what all others have when absent. */
  bodyBytes?: number;
  /** A body that is no JSON: one picture, say, taken as the bytes it is. */
  upload?: { type: string; maxBytes: number };
  /** JSON reply; absent for a file or an empty answer. */
  reply?: z.ZodType;
  /** Content types of a file reply. */
  file?: readonly string[];
}

export const defineRoutes = <const R extends Record<string, Route>>(routes: R): R => routes;

type Part<T> = T extends z.ZodType ? z.infer<T> : undefined;
type Input<T> = T extends z.ZodType ? z.input<T> : undefined;
export type RouteParams<R extends Route> = Part<R['params']>;
export type RouteQuery<R extends Route> = Part<R['query']>;
export type RouteBody<R extends Route> = R['upload'] extends object ? Uint8Array : Part<R['body']>;
export type RouteReply<R extends Route> = Part<R['reply']>;
/** What a caller sends, before defaults are filled in. */
export type RouteInput<R extends Route> = {
  [K in 'params' | 'query' | 'body' as R[K] extends z.ZodType ? K : never]: Input<R[K]>;
} & (R['upload'] extends object ? { upload: Blob } : unknown);
