import { isAdmin } from '../../../shared/identity/context.ts';
import { badRequest } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';

/** Whose the new resource will be: the asker's project, or for an administrator the one named. */
export function ownerOf(request: Request, given: { project_id?: string | undefined; tenant_id?: string | undefined }): string {
  const named = given.project_id ?? given.tenant_id;
  if (given.project_id !== undefined && given.tenant_id !== undefined && given.project_id !== given.tenant_id)
    throw badRequest("'project_id' and 'tenant_id' do not match", { type: 'HTTPBadRequest' });
  if (named !== undefined && named !== request.context.project_id && !isAdmin(request.context))
    throw badRequest("Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin privileges", { type: 'HTTPBadRequest' });
  const owner = named ?? request.context.project_id;
  if (!owner) throw badRequest('Running without keystone AuthN requires that project_id is specified', { type: 'HTTPBadRequest' });
  return owner;
}
