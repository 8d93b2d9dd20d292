import { forbidden } from '../../../shared/http/errors.ts';
import { notAuthenticated } from '../errors.ts';
import { verifyPassword } from '../password.ts';
import type { User } from '../records/entities.ts';
import { verify, type Claims } from '../token/claims.ts';
import { NotStanding, standingOf } from '../token/standing.ts';
import { lookupUser } from './lookup.ts';
import type { AskedScope, Auth, Method } from './request.ts';

/** Who has proved to be whom; `from` is the token that was shown, whose end and audit chain a new one inherits. */
export interface Proof { user: User; methods: string[]; from?: Claims }

/** Each method must succeed, and all must speak of the same user. Throws 401 that does not tell which part was wrong. */
export async function authenticate(auth: Auth, methods: Method[], scope: AskedScope): Promise<Proof> {
  const proofs = await Promise.all(methods.map((method) => (method === 'password' ? byPassword(auth) : byToken(auth, scope))));
  const [first] = proofs as [Proof, ...Proof[]];
  if (proofs.some((proof) => proof.user.data.id !== first.user.data.id)) throw notAuthenticated('the methods name different users');
  const from = proofs.find((proof) => proof.from)?.from;
  return { user: first.user, methods: [...new Set(proofs.flatMap((proof) => proof.methods))], ...(from && { from }) };
}

async function byPassword({ identity }: Auth): Promise<Proof> {
  const given = identity.password!.user;
  const user = await lookupUser(given);
  const right = await verifyPassword(given.password ?? '', user?.password);
  if (!user || !right) throw notAuthenticated('no such user, or another password');
  if (!user.data.enabled) throw notAuthenticated('the user is disabled');
  return { user, methods: ['password'] };
}

async function byToken({ identity }: Auth, scope: AskedScope): Promise<Proof> {
  const claims = await verify(identity.token!.id);
  if (!claims) throw notAuthenticated('the token is not valid');
  if (claims.scope && 'system' in claims.scope && typeof scope === 'object' && !('system' in scope))
    throw forbidden('You are not authorized to perform the requested action: Using a system-scoped token to create a project-scoped or domain-scoped token is not allowed..');
  try {
    const { user } = await standingOf(claims);
    return { user, methods: [...new Set(['token', ...claims.methods])], from: claims };
  } catch (error) {
    throw error instanceof NotStanding ? notAuthenticated(error.message) : error;
  }
}
