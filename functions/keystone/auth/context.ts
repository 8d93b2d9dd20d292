import type { Authenticator } from '../../../shared/http/api.ts';
import type { RequestContext } from '../../../shared/identity/context.ts';
import { notAuthenticated } from '../errors.ts';
import { verify, type Claims } from '../token/claims.ts';
import { timestamp } from '../token/render.ts';
import { NotStanding, standingOf, type Standing } from '../token/standing.ts';

interface Read { claims: Claims; standing: Standing }
const read = new WeakMap<RequestContext, Read>();

/** What was read to know who asks: most who ask about a token show that token itself. */
export const readForCaller = (context: RequestContext): Read | undefined => read.get(context);

/** Who asks keystone itself: it validates X-Auth-Token by its own means. */
export const authenticateCaller: Authenticator = async ({ header, requestId }) => {
  const token = header('x-auth-token');
  const claims = token ? await verify(token) : undefined;
  if (!claims) throw notAuthenticated();
  try {
    const standing = await standingOf(claims);
    const context = contextOf(claims, standing, token!, requestId);
    read.set(context, { claims, standing });
    return { context };
  } catch (error) {
    throw error instanceof NotStanding ? notAuthenticated(error.message) : error;
  }
};

function contextOf(claims: Claims, { user, project, domain, system, roles }: Standing, token: string, request_id: string): RequestContext {
  return {
    request_id,
    user_id: user.data.id,
    user_name: user.data.name,
    user_domain_id: user.data.domain_id,
    project_id: project?.data.id ?? null,
    ...(project && { project_name: project.data.name, project_domain_id: project.data.domain_id }),
    ...(domain && { domain_id: domain.data.id }),
    ...(system && { system_scope: true }),
    roles: roles.map(({ data }) => data.name),
    service_roles: [],
    token,
    token_expires_at: timestamp(claims.expires),
  };
}
