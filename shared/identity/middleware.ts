import { unauthorized } from '../http/errors.ts';
import { environment } from '../deployment/declaration.ts';
import { requireEnv } from '../environment.ts';
import type { RequestContext } from './context.ts';
import { validateToken, type Validation } from './validate.ts';

export interface Authenticated { context: RequestContext; validation: Validation }

/**
 * Who asks, by X-Auth-Token (and X-Service-Token), as keystonemiddleware's auth_token finds out. A service token with the
 * role `service` lets the user's token be used a while after it expired, so that long work can end.
 */
export async function authenticate({ header, requestId }: { header: (name: string) => string | undefined; requestId: string }): Promise<Authenticated> {
  const token = header('x-auth-token');
  if (!token) throw refused();
  const serviceToken = header('x-service-token');
  const service = serviceToken ? await validateToken(serviceToken) : undefined;
  if (serviceToken && !service) throw refused();
  const serviceRoles = service?.token.roles?.map((r) => r.name) ?? [];
  const validation = (await validateToken(token)) ?? (serviceRoles.includes('service') ? await validateToken(token, { allowExpiredFor: serviceToken! }) : undefined);
  if (!validation) throw refused();
  return { context: contextOf(validation, token, serviceRoles, requestId, header('x-openstack-request-id')), validation };
}

function contextOf({ token: body }: Validation, token: string, serviceRoles: string[], requestId: string, globalRequestId?: string): RequestContext {
  return {
    request_id: requestId,
    ...(globalRequestId && /^req-[0-9a-f-]{36}$/.test(globalRequestId) && { global_request_id: globalRequestId }),
    user_id: body.user.id,
    user_name: body.user.name,
    user_domain_id: body.user.domain.id,
    project_id: body.project?.id ?? null,
    ...(body.project && { project_name: body.project.name, project_domain_id: body.project.domain.id }),
    ...(body.domain && { domain_id: body.domain.id }),
    ...(body.system && { system_scope: true }),
    roles: body.roles?.map((r) => r.name) ?? [],
    service_roles: serviceRoles,
    token,
    token_expires_at: body.expires_at,
  };
}

const refused = () =>
  unauthorized(undefined, { type: 'token', headers: { 'WWW-Authenticate': `Keystone uri="${requireEnv(environment.endpoint)}/identity"` } });
