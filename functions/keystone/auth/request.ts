import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { expecting, unsupportedMethod } from '../errors.ts';
import { badRequest } from '../../../shared/http/errors.ts';

const text = Type.String({ maxLength: 255 });
const Reference = Type.Object({ id: Type.Optional(text), name: Type.Optional(text) });
const InDomain = Type.Object({ id: Type.Optional(text), name: Type.Optional(text), domain: Type.Optional(Reference) });

/** Identity API v3, "Password authentication" and "Token authentication", each with or without a scope; "Authenticating with an Application Credential". */
export const AuthRequest = Type.Object({
  auth: Type.Object({
    identity: Type.Object({
      methods: Type.Array(Type.String(), { maxItems: 16 }),
      password: Type.Optional(Type.Object({ user: Type.Intersect([InDomain, Type.Object({ password: Type.Optional(Type.String()) })]) })),
      token: Type.Optional(Type.Object({ id: Type.String() })),
      application_credential: Type.Optional(Type.Object({ id: Type.Optional(text), name: Type.Optional(text), secret: Type.String(), user: Type.Optional(InDomain) })),
    }),
    // "unscoped" as a word is what newer clients were meant to send; older ones send {unscoped: {}}
    scope: Type.Optional(Type.Union([
      Type.String(),
      Type.Object({
        project: Type.Optional(InDomain),
        domain: Type.Optional(Reference),
        system: Type.Optional(Type.Object({ all: Type.Optional(Type.Boolean()) })),
        unscoped: Type.Optional(Type.Unknown()),
        'OS-TRUST:trust': Type.Optional(Type.Unknown()),
      }),
    ])),
  }),
});
export type Auth = Static<typeof AuthRequest>['auth'];
export type Reference = Static<typeof Reference>;
export type InDomain = Static<typeof InDomain>;

const methods = ['password', 'token', 'application_credential'] as const;
export type Method = (typeof methods)[number];

/** The methods asked for, each once. 400 where its data is missing, 401 where we do not have it. */
export function methodsOf({ identity }: Auth): Method[] {
  const asked = [...new Set(identity.methods)];
  if (asked.length === 0) throw expecting('methods', 'identity');
  for (const name of asked) if (!(name in identity)) throw expecting(name, 'identity');
  for (const name of asked) if (!methods.includes(name as Method)) throw unsupportedMethod();
  return asked as Method[];
}

export type AskedScope = { project: InDomain } | { domain: Reference } | { system: true } | 'unscoped' | undefined;

/** Exactly one scope, or none. */
export function scopeOf({ scope }: Auth): AskedScope {
  if (scope === undefined) return undefined;
  if (typeof scope === 'string') {
    if (scope === 'unscoped') return 'unscoped';
    throw expecting('system, project, domain, OS-TRUST:trust or unscoped', 'scope');
  }
  const given = (['project', 'domain', 'system', 'unscoped', 'OS-TRUST:trust'] as const).filter((name) => scope[name] !== undefined);
  if (given.length !== 1) throw expecting('system, project, domain, OS-TRUST:trust or unscoped', 'scope');
  if (scope.project) return { project: identified(scope.project, 'scope/project') };
  if (scope.domain) return { domain: identified(scope.domain, 'scope/domain') };
  if (scope.system) {
    if (!scope.system.all) throw expecting('all', 'system');
    return { system: true };
  }
  if (given[0] === 'unscoped') return 'unscoped';
  throw badRequest('Trusts are not available here: scope must be a project, a domain or the system.');
}

/** 400 unless it has an id or a name. */
export function identified<T extends Reference>(reference: T, field: string): T {
  if (reference.id === undefined && reference.name === undefined) throw badRequest(`Invalid input for field ${field}: id or name must be present.`);
  return reference;
}
