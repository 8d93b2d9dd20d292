import { forbidden, unauthorized } from '../../../shared/http/errors.ts';
import { expecting, notAuthenticated, refused } from '../errors.ts';
import { verifyPassword } from '../password.ts';
import { findCredential, findCredentialByName, type ApplicationCredential } from '../records/application-credentials.ts';
import { find, type User } from '../records/entities.ts';
import { verify, type Claims } from '../token/claims.ts';
import { NotStanding, standingOf } from '../token/standing.ts';
import { lookupUser } from './lookup.ts';
import type { AskedScope, Auth, Method } from './request.ts';

/** Who has proved to be whom, perhaps by a credential that lends some roles only; `from` is the token that was shown, whose end and audit chain a new one inherits. */
export interface Proof { user: User; methods: string[]; from?: Claims; credential?: ApplicationCredential }

/** Each method must succeed, and all must speak of the same user. Throws 401 that does not tell which part was wrong. */
export async function authenticate(auth: Auth, methods: Method[], scope: AskedScope): Promise<Proof> {
  const proofs = await Promise.all(methods.map((method) => by[method](auth, scope)));
  const [first] = proofs as [Proof, ...Proof[]];
  if (proofs.some((proof) => proof.user.data.id !== first.user.data.id)) throw notAuthenticated('the methods name different users');
  const from = proofs.find((proof) => proof.from)?.from;
  const lent = new Map(proofs.flatMap(({ credential }) => (credential ? [[credential.data.id, credential] as const] : [])));
  if (lent.size > 1) throw notAuthenticated('the methods name different application credentials');
  const [credential] = lent.values();
  return { user: first.user, methods: [...new Set(proofs.flatMap((proof) => proof.methods))], ...(from && { from }), ...(credential && { credential }) };
}

const by: Record<Method, (auth: Auth, scope: AskedScope) => Promise<Proof>> = { password: byPassword, token: byToken, application_credential: byCredential };

async function byPassword({ identity }: Auth): Promise<Proof> {
  const given = identity.password!.user;
  const user = await lookupUser(given);
  const right = await verifyPassword(given.password ?? '', user?.password);
  if (!user || !right) throw notAuthenticated('no such user, or another password');
  if (!user.data.enabled) throw notAuthenticated('the user is disabled');
  return { user, methods: ['password'] };
}

async function byCredential({ identity }: Auth, scope: AskedScope): Promise<Proof> {
  const given = identity.application_credential!;
  if (scope !== undefined) throw unauthorized('Error authenticating with application credential: Application credentials cannot request a scope.');
  const credential = await lookupCredential(given);
  const right = await verifyPassword(given.secret, credential?.secret);
  if (!credential || !right) throw notAuthenticated('no such application credential, or another secret');
  const user = await find('user', credential.data.user_id);
  if (!user?.data.enabled) throw notAuthenticated('the user is gone or disabled');
  return { user, methods: ['application_credential'], credential };
}

/** By id; or by its name and whose it is. */
async function lookupCredential({ id, name, user }: NonNullable<Auth['identity']['application_credential']>) {
  if (id !== undefined) return findCredential(id);
  if (name === undefined) throw expecting('name or ID', 'application credential');
  if (user === undefined) throw expecting('user', 'application credential');
  const owner = await lookupUser(user, 'identity/application_credential/user');
  return owner && findCredentialByName(owner.data.id, name);
}

async function byToken({ identity }: Auth, scope: AskedScope): Promise<Proof> {
  const claims = await verify(identity.token!.id);
  if (!claims) throw notAuthenticated('the token is not valid');
  if (claims.scope && 'system' in claims.scope && typeof scope === 'object' && !('system' in scope))
    throw forbidden('You are not authorized to perform the requested action: Using a system-scoped token to create a project-scoped or domain-scoped token is not allowed..');
  if (claims.application_credential && scope !== undefined)
    throw refused('Using an application credential token to create a scoped token is not allowed.');
  try {
    const { user, credential } = await standingOf(claims);
    return { user, methods: [...new Set(['token', ...claims.methods])], from: claims, ...(credential && { credential }) };
  } catch (error) {
    throw error instanceof NotStanding ? notAuthenticated(error.message) : error;
  }
}
