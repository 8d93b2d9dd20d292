import { HttpError } from '../../shared/http/errors.ts';
import type { Request, Route } from '../../shared/http/route.ts';
import { record } from '../../shared/telemetry/steps.ts';
import { readForCaller } from './auth/context.ts';
import { couldNotFind } from './errors.ts';
import { store } from './records/entities.ts';
import { identityApi } from './service.ts';
import { verify, type Claims } from './token/claims.ts';
import { ALLOW_EXPIRED_WINDOW_S } from './token/lifetimes.ts';
import { renderToken } from './token/render.ts';
import { NotStanding, revocationKey, standingOf, type Standing } from './token/standing.ts';

/** GET and HEAD /auth/tokens: steps 4 and 5. */
async function validate(request: Request) {
  const start = new Date();
  const { claims, standing, token } = await subject(request, request.method === 'HEAD' ? 'identity:check_token' : 'identity:validate_token');
  const answer = await renderToken(claims, standing, !request.query.has('nocatalog'));
  recordSteps(claims, start, request.requestId);
  return { status: 200, headers: { 'X-Subject-Token': token }, body: answer };
}

/** DELETE /auth/tokens. The mark stays as long as anybody may ask about the token. */
async function revoke(request: Request) {
  const { claims } = await subject(request, 'identity:revoke_token');
  await store.put({ ...revocationKey(claims.audit_ids[0]!), expires_at: Math.ceil(claims.expires / 1000) + ALLOW_EXPIRED_WINDOW_S });
}

/** The token asked about: 404 where it is not valid, 403 where the asker may not ask about it. */
async function subject(request: Request, policy: string): Promise<{ claims: Claims; standing: Standing; token: string }> {
  const token = request.header('x-subject-token');
  const expiredToo = ['1', 'true', 'yes', 'on', 't', 'y'].includes(request.query.get('allow_expired')?.toLowerCase() ?? '') && request.allowed('identity:allow_expired');
  const own = token === request.context.token ? readForCaller(request.context) : undefined;
  const claims = own?.claims ?? (token ? await verify(token, expiredToo ? ALLOW_EXPIRED_WINDOW_S : 0) : undefined);
  // who may not ask learns nothing about whose it is, or whether it is one
  request.enforce(policy, { user_id: claims?.user_id ?? null });
  if (!claims) throw notValid();
  try {
    return { claims, standing: own?.standing ?? (await standingOf(claims)), token: token! };
  } catch (error) {
    throw error instanceof NotStanding ? notValid(error) : error;
  }
}

const notValid = (cause?: unknown): HttpError => Object.assign(couldNotFind('token', 'it is not valid, or not any more'), { cause });

/** Steps 1 and 2 travelled in the token from its login; step 5 is this answer. */
function recordSteps({ login }: Claims, start: Date, request_id: string): void {
  const iso = (ms: number) => new Date(ms).toISOString();
  if (login) record(
    { step: 1, actor: 'client', start: iso(login.received), end: iso(login.began), result: 'Success', request_id: login.request_id },
    { step: 2, actor: 'keystone', start: iso(login.began), end: iso(login.ended), result: 'Success', request_id: login.request_id },
  );
  record({ step: 5, actor: 'keystone', start: start.toISOString(), end: new Date().toISOString(), result: 'Success', request_id });
}

export const routes: Route[] = [
  { method: 'GET', path: '/auth/tokens', policy: 'identity:authenticated', handler: validate },
  { method: 'DELETE', path: '/auth/tokens', policy: 'identity:authenticated', status: 204, handler: revoke },
];

export const handler = identityApi(routes);
