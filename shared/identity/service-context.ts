import { randomUUID } from 'node:crypto';
import type { RequestContext } from './context.ts';

/**
 * Whose word it is when no user's request began something: a host's, an operator's, the sweeper's. It has no token; who asks another
 * service on its behalf does so in the service's own name.
 */
export const serviceContext = (actor: string, more: Partial<RequestContext> = {}): RequestContext => ({
  request_id: `req-${randomUUID()}`, user_id: actor, user_name: actor, user_domain_id: 'default', project_id: null, roles: [], service_roles: ['service'],
  token: '', token_expires_at: new Date(0).toISOString(), ...more,
});
