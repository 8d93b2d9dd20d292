import { compactVerify, SignJWT } from 'jose';
import { newAuditId } from '../ids.ts';
import type { ApplicationCredential } from '../records/application-credentials.ts';
import type { Target } from '../records/grants.ts';
import { ALGORITHM, signingKey, verificationKey } from './keys.ts';

/**
 * What a token itself says: who, and for what; Keystone's JWS tokens are the model. Roles are not in it: they are read when
 * it is validated, so that what was taken away is gone at once.
 */
export interface Claims {
  user_id: string;
  user_domain_id: string;
  scope?: Scope;
  /** Id of the application credential that it came from, and whose roles it has. */
  application_credential?: string;
  methods: string[];
  /** Its own audit id, then that of the login from which it was rescoped. */
  audit_ids: string[];
  /** Epoch milliseconds; the end is a whole second. */
  issued: number;
  expires: number;
  login?: LoginRecord;
}
export type Scope = Target & { project_domain?: string };

/** Steps 1 and 2 of a launch: when the credentials came, and when keystone began and ended with them. Epoch milliseconds. */
export interface LoginRecord { received: number; began: number; ended: number; request_id: string }

/** `iat` has a fraction, so that "everything issued before" can be told within a second. */
export async function sign({ user_id, user_domain_id, scope, application_credential, methods, audit_ids, issued, expires, login }: Claims): Promise<string> {
  const { kid, key } = await signingKey();
  return new SignJWT({
    openstack_methods: methods,
    openstack_audit_ids: audit_ids,
    openstack_user_domain_id: user_domain_id,
    ...(scope && 'project' in scope && { openstack_project_id: scope.project, openstack_project_domain_id: scope.project_domain }),
    ...(scope && 'domain' in scope && { openstack_domain_id: scope.domain }),
    ...(scope && 'system' in scope && { openstack_system: 'all' }),
    ...(application_credential && { openstack_app_cred_id: application_credential }),
    ...(login && { login: [login.received, login.began, login.ended, login.request_id] }),
  })
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid })
    .setSubject(user_id)
    .setIssuedAt(issued / 1000)
    .setExpirationTime(Math.floor(expires / 1000))
    .sign(key);
}

/** Undefined unless we signed it and it has not ended longer than `window` seconds ago. */
export async function verify(token: string, window = 0): Promise<Claims | undefined> {
  if (token.length > 4096) return undefined;
  const claims = await open(token);
  return claims && claims.expires + window * 1000 > Date.now() ? claims : undefined;
}

class ForeignKey extends Error {}

/** Tokens that were found to be ours, and the key by which they are: one that is asked about again, as most are, is ours while its key is. */
const opened = new Map<string, { kid: string; claims: Claims }>();
const REMEMBERED = 500;

async function open(token: string): Promise<Claims | undefined> {
  const known = opened.get(token);
  if (known) return (await verificationKey(known.kid)) && known.claims;
  const verified = await verifiedBy(token);
  if (!verified) return undefined;
  const claims = claimsIn(verified.payload);
  opened.set(token, { kid: verified.kid, claims });
  if (opened.size > REMEMBERED) opened.delete(opened.keys().next().value!);
  return claims;
}

async function verifiedBy(token: string): Promise<{ kid: string; payload: Record<string, unknown> } | undefined> {
  try {
    const { payload, protectedHeader } = await compactVerify(token, async ({ kid }) => {
      const key = await verificationKey(kid);
      if (!key) throw new ForeignKey();
      return key;
    }, { algorithms: [ALGORITHM] });
    return { kid: protectedHeader.kid!, payload: JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown> }; // without a kid there was no key
  } catch (error) {
    // jose's own errors carry a code (and so does whatever is no JWS at all); the table's must not look like a bad token
    if (error instanceof ForeignKey || (error as { code?: string }).code?.startsWith('ERR_J') || error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function claimsIn(payload: Record<string, unknown>): Claims {
  const { sub, iat, exp, login } = payload as { sub: string; iat: number; exp: number; login?: [number, number, number, string] };
  const text = (name: string) => payload[name] as string | undefined;
  const scope: Scope | undefined = text('openstack_project_id') ? { project: text('openstack_project_id')!, project_domain: text('openstack_project_domain_id')! }
    : text('openstack_domain_id') ? { domain: text('openstack_domain_id')! }
    : text('openstack_system') ? { system: true } : undefined;
  return {
    user_id: sub, user_domain_id: text('openstack_user_domain_id')!, ...(scope && { scope }),
    ...(text('openstack_app_cred_id') && { application_credential: text('openstack_app_cred_id')! }),
    methods: payload['openstack_methods'] as string[], audit_ids: payload['openstack_audit_ids'] as string[],
    issued: Math.round(iat * 1000), expires: exp * 1000,
    ...(login && { login: { received: login[0], began: login[1], ended: login[2], request_id: login[3] } }),
  };
}

/** Claims of a new token. A rescoped one keeps the end and the audit chain of the token that it came from; none outlives its application credential. */
export function newClaims(
  user: { id: string; domain_id: string }, scope: Scope | undefined, methods: string[],
  { lifetime, from, credential, login }: { lifetime: number; from?: Claims | undefined; credential?: ApplicationCredential | undefined; login?: LoginRecord },
): Claims {
  const issued = Date.now();
  const parent = from?.audit_ids.at(-1);
  return {
    user_id: user.id, user_domain_id: user.domain_id, ...(scope && { scope }), ...(credential && { application_credential: credential.data.id }), methods,
    audit_ids: [newAuditId(), ...(parent ? [parent] : [])],
    issued, expires: Math.min(from?.expires ?? (Math.floor(issued / 1000) + lifetime) * 1000, Math.floor((credential?.data.expires ?? Infinity) / 1000) * 1000), ...(login && { login }),
  };
}
