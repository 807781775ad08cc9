import type { Readable } from 'node:stream';
import type { Membership } from '@keshi/contract/domain';
import type { Route, RouteBody, RouteParams, RouteQuery, RouteReply } from '@keshi/contract/http/route';
import type { z } from 'zod';

/** Who is asking, as the access token says and the session store has confirmed. */
export interface Actor {
  userId: string;
  sid: string;
  memberships: Membership[];
}

/** What of the request a handler may look at, and what of the answer it may set beside its reply. */
export interface Exchange {
  address: string;
  userAgent: string;
  cookie(name: string): string | undefined;
  /** A whole `Set-Cookie` value. */
  setCookie(value: string): void;
  status(code: number): void;
}

export interface AuditNote {
  /** `noun.verb`, e.g. `user.unmask`. */
  action: string;
  targetType?: string;
  targetId?: string;
  /** The organisation whose supervisors may read the entry; the platform's alone when absent. */
  orgPath?: string;
  /** Ids, counts and names of fields: never personal data. */
  detail?: Record<string, string | number | boolean | null | string[]>;
  /** For entries about a person who is not (yet) the actor, such as a login. */
  actorId?: string;
}

export interface FileReply {
  type: string;
  /** With its extension, in any language. */
  name: string;
  /** A stream that breaks breaks the answer off. */
  content: Buffer | string | Readable;
}

export interface Call<R extends Route> {
  params: RouteParams<R>;
  query: RouteQuery<R>;
  body: RouteBody<R>;
  actor: R['access'] extends 'session' ? Actor : undefined;
  http: Exchange;
  /** Stores an entry of the audit log; rejects when it cannot be stored, and the action must not be done then. */
  audit(note: AuditNote): Promise<void>;
}

export type Answer<R extends Route> = R['reply'] extends z.ZodType
  ? RouteReply<R>
  : R['file'] extends readonly string[]
    ? FileReply
    : void;

/** Which bucket a request is counted in. */
export type Limit = 'credentials' | 'ordinary' | 'export' | 'frames';

/** A route with what it does; `invoke` takes input as it came and is the only place where it gets its type. */
export interface Binding {
  route: Route;
  limit: Limit;
  invoke(raw: RawCall): Promise<unknown>;
}

export interface RawCall {
  params: unknown;
  query: unknown;
  body: unknown;
  actor: Actor | undefined;
  http: Exchange;
  audit(note: AuditNote): Promise<void>;
}
