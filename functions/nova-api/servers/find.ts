import { notFound } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { isAdmin, isService, type RequestContext } from '../../../shared/identity/context.ts';
import { ACTIONS, type InstanceAction } from '../../../shared/objects/action.ts';
import { deletedKey } from '../../../shared/objects/deletion.ts';
import { type Instance, instanceKey } from '../../../shared/objects/instance.ts';
import { nova } from '../store.ts';

export const serverNotFound = (id: string) => notFound(`Instance ${id} could not be found.`);

/** The server that a route's `{id}` names; 404 where there is none, where it is gone, or where it is another project's. */
export const findServer = ({ params, context }: Pick<Request, 'params' | 'context'>) => serverById(params['id']!, context);

export async function serverById(id: string, context: RequestContext, { deleted = false } = {}): Promise<Instance> {
  const server = await lookUp(id, context, deleted);
  if (!server || (server.vm_state === 'deleted' && !deleted)) throw serverNotFound(id);
  return server;
}

/** The instance's record; with `deleted`, also where it is gone and still remembered. */
export async function instanceOf(projectId: string, id: string, { deleted = false } = {}): Promise<Instance | undefined> {
  const key = instanceKey(projectId, id);
  return deleted ? (await nova.getMany<Instance>([key, deletedKey(projectId, id)]))[0] : nova.get<Instance>(key);
}

async function lookUp(id: string, context: RequestContext, deleted: boolean): Promise<Instance | undefined> {
  const own = context.project_id ? await instanceOf(context.project_id, id, { deleted }) : undefined;
  if (own || !(isAdmin(context) || isService(context))) return own;
  // whose it is, its actions tell
  const [action] = await nova.query<InstanceAction>({ pk: `SERVER#${id}`, prefix: ACTIONS, limit: 1 });
  return action && action.project_id !== context.project_id ? instanceOf(action.project_id, id, { deleted }) : undefined;
}
