import { badRequest } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { RemoteError, rest } from '../../../shared/openstack/rest.ts';

/**
 * 400 where keystone says that there is no such project, so that a misspelt one gets no quota of its own. Where keystone
 * does not tell this asker, or does not answer, the id passes, as in Nova.
 */
export async function verifyProject(id: string, { context }: Pick<Request, 'context'>): Promise<void> {
  if (id === context.project_id) return;
  if (!/^[\w-]{1,64}$/.test(id)) throw noSuchProject(id);
  try {
    await rest('identity', 'GET', `/projects/${id}`, { caller: { context }, attempts: 2 });
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    if (error.status === 404) throw noSuchProject(id);
  }
}

const noSuchProject = (id: string) => badRequest(`Project ID ${id} is not a valid project.`);
