import { instanceKey, type Instance } from '../../shared/objects/instance.ts';
import { table } from '../../shared/store/table.ts';
import { hintedInstances, type RequestSpec } from './request.ts';

const nova = table('nova');

/** Looks up where the instances are that the hints same_host and different_host name; unknown ones are nowhere. */
export async function resolveHints(request: RequestSpec): Promise<RequestSpec> {
  const same = hintedInstances(request.instance, 'same_host');
  const different = hintedInstances(request.instance, 'different_host');
  if (same.length + different.length === 0) return request;
  const found = await nova.getMany<Instance>([...same, ...different].map((uuid) => instanceKey(request.instance.project_id, uuid)));
  const hostsOf = (uuids: string[]) => new Set(found.filter(({ uuid, host }) => host !== null && uuids.includes(uuid)).map(({ host }) => host!));
  return { ...request, ...(same.length && { sameHost: hostsOf(same) }), ...(different.length && { differentHost: hostsOf(different) }) };
}
