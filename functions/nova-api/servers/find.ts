import { notFound } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { isAdmin, isService, type RequestContext } from '../../../shared/identity/context.ts';
import { ACTIONS, type InstanceAction } from '../../../shared/objects/action.ts';
import { type Instance, instanceKey } from '../../../shared/objects/instance.ts';
import { nova } from '../store.ts';

export const serverNotFound = (id: string) => notFound(`Instance ${id} could not be found.`);

/** The server that a route's `{id}` names; 404 where there is none, where it is gone, or where it is another project's. */
export const findServer = ({ params, context }: Pick<Request, 'params' | 'context'>) => serverById(params['id']!, context);

export async function serverById(id: string, context: RequestContext, { deleted = false } = {}): Promise<Instance> {
  const server = await lookUp(id, context);
  if (!server || (server.vm_state === 'deleted' && !deleted)) throw serverNotFound(id);
  return server;
}

async function lookUp(id: string, context: RequestContext): Promise<Instance | undefined> {
  const own = context.project_id ? await nova.get<Instance>(instanceKey(context.project_id, id)) : undefined;
  if (own || !(isAdmin(context) || isService(context))) return own;
  // whose it is, its actions tell
  const [action] = await nova.query<InstanceAction>({ pk: `SERVER#${id}`, prefix: ACTIONS, limit: 1 });
  return action && action.project_id !== context.project_id ? nova.get<Instance>(instanceKey(action.project_id, id)) : undefined;
}
