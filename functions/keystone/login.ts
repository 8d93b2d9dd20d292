import type { Request, Route } from '../../shared/http/route.ts';
import { log } from '../../shared/telemetry/log.ts';
import { authenticate } from './auth/authenticate.ts';
import { AuthRequest, methodsOf, scopeOf, type Auth } from './auth/request.ts';
import { scopeFor, scopeOfCredential } from './auth/scope.ts';
import { identityApi } from './service.ts';
import { newClaims, sign } from './token/claims.ts';
import { TOKEN_S } from './token/lifetimes.ts';
import { renderToken } from './token/render.ts';

/** Steps 1 and 2: credentials come in, a token that every later call carries goes out. */
async function login({ body, query, requestId, receivedAt }: Request<{ auth: Auth }>) {
  const began = Date.now();
  const methods = methodsOf(body.auth);
  const asked = scopeOf(body.auth);
  const proof = await authenticate(body.auth, methods, asked);
  const { scope, standing } = await (proof.credential ? scopeOfCredential(proof.user, proof.credential) : scopeFor(proof.user, asked));
  const claims = newClaims(proof.user.data, scope, proof.methods, {
    lifetime: TOKEN_S, from: proof.from, credential: proof.credential, login: { received: Math.min(receivedAt.getTime(), began), began, ended: Date.now(), request_id: requestId },
  });
  const [token, answer] = await Promise.all([sign(claims), renderToken(claims, standing, !query.has('nocatalog'))]);
  log.info('token issued', { request_id: requestId, user_id: claims.user_id, audit_id: claims.audit_ids[0], methods: claims.methods });
  return { status: 201, headers: { 'X-Subject-Token': token }, body: answer };
}

export const routes: Route[] = [{ method: 'POST', path: '/auth/tokens', policy: null, body: AuthRequest, handler: login }];

export const handler = identityApi(routes);
