import type { TSchema } from '@sinclair/typebox';
import type { RequestContext } from '../identity/context.ts';
import type { Target } from '../identity/policy.ts';
import type { Microversion } from './microversion.ts';

export interface Request<Body = any> {
  method: string;
  /** Path below the service's root, e.g. `/servers/ID`. */
  path: string;
  /** Values of the route's `{names}`, decoded. */
  params: Record<string, string>;
  query: URLSearchParams;
  /** Header by lower-case name. */
  header: (name: string) => string | undefined;
  body: Body;
  /** Undecoded body, for routes declared `raw`. */
  rawBody: Buffer;
  context: RequestContext;
  version: Microversion;
  requestId: string;
  /** When it reached the REST API. */
  receivedAt: Date;
  /** Public URL of the service's root, e.g. `https://…/compute/v2.1`; links begin with it. */
  baseUrl: string;
  /** Throws 403 in oslo.policy's words unless the asker may do this to that target. */
  enforce: (policy: string, target?: Target) => void;
  /** Same question, answered. */
  allowed: (policy: string, target?: Target) => boolean;
}

export interface Reply {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Body or query schema, or a list of them by microversion (`from` is the minor): the last one that is not newer than asked. */
export type Versioned = TSchema | { from: number; schema: TSchema }[];

export interface Route {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the service's root, `{name}` for a segment's value. */
  path: string;
  /** Name in the service's policy table; null needs no token at all. */
  policy: string | null;
  body?: Versioned;
  query?: Versioned;
  /** First and last minor version that has this route. */
  since?: number;
  until?: number;
  /** Status of a success; 200 when not given, 204 where the handler returns nothing. */
  status?: number;
  /** The body is bytes, not JSON. */
  raw?: true;
  /** Bodies of other media types than application/json that are JSON all the same. */
  mediaTypes?: string[];
  handler: (request: Request) => Promise<Reply | void> | Reply | void;
}

export const schemaFor = (versioned: Versioned, minor: number): TSchema | undefined =>
  Array.isArray(versioned) ? versioned.findLast((v) => v.from <= minor)?.schema : versioned;

export interface Match { route: Route; params: Record<string, string> }

/** Finds routes by method and path; a literal segment beats a named one. */
export function router(routes: Route[]) {
  const compiled = routes
    .map((route) => ({ route, segments: route.path.split('/').slice(1) }))
    .sort((a, b) => literals(b.segments) - literals(a.segments));

  return {
    /** The match, or the methods that this path would take (empty: no such path). */
    find(method: string, path: string, minor: number): Match | { allowed: string[] } {
      const parts = path.split('/').slice(1);
      const allowed: string[] = [];
      let get: Match | undefined; // what HEAD asks of, where it has no route of its own
      for (const { route, segments } of compiled) {
        const params = matchSegments(segments, parts);
        if (!params || minor < (route.since ?? 0) || minor > (route.until ?? Infinity)) continue;
        if (route.method === method) return { route, params };
        if (route.method === 'GET' && method === 'HEAD') get ??= { route, params };
        allowed.push(route.method);
      }
      return get ?? { allowed };
    },
  };
}

const literals = (segments: string[]) => segments.filter((s) => !s.startsWith('{')).length;

function matchSegments(pattern: string[], parts: string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, segment] of pattern.entries()) {
    const part = parts[i]!;
    if (!segment.startsWith('{')) {
      if (segment !== part) return undefined;
      continue;
    }
    if (part === '') return undefined;
    try {
      params[segment.slice(1, -1)] = decodeURIComponent(part);
    } catch {
      return undefined;
    }
  }
  return params;
}
