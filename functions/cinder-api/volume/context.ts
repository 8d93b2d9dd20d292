import { randomUUID } from 'node:crypto';
import type { RequestContext } from '../../../shared/identity/context.ts';

/** The context of work that the sweeper begins: for a project, in nobody's name but cinder's. Without a user's token. */
export const serviceContext = (project: string): RequestContext => ({
  request_id: `req-${randomUUID()}`, user_id: 'cinder', user_name: 'cinder', user_domain_id: 'default', project_id: project,
  roles: ['service'], service_roles: [], token: '', token_expires_at: new Date(Date.now() + 3_600_000).toISOString(),
});
