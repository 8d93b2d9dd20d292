/** What becomes of hosts that are enrolled: listed, drained, retired. */
import { DeregisterManagedInstanceCommand, paginateDescribeInstanceInformation, SSMClient } from '@aws-sdk/client-ssm';
import { forget } from './enrol.ts';
import { removeHostRole } from './host-role.ts';
import { adminSession, ApiError, computeServices, type ComputeService, type Session } from './openstack.ts';
import { type Deployed, invoker, type Target } from './target.ts';

export interface Place { target: Target; deployed: Deployed }

export interface ListedHost { host: string; instanceId: string; consoleUrl: string; status: string; state: string; servers: number | undefined; ssm: string }

interface Enrolled { host: string; instanceId: string; consoleUrl: string }

/** Every enrolled host, as the cloud and as SSM see it; `-` where it cannot be asked. */
export async function listHosts({ target, deployed }: Place): Promise<ListedHost[]> {
  const invoke = invoker(target, deployed);
  const [{ hosts }, seen, known] = await Promise.all([
    invoke('nova-compute-manage', { command: 'list' }) as Promise<{ hosts: Enrolled[] }>,
    adminSession(target, deployed.outputs['PublicEndpoint']!).then(async (api) => ({ services: await computeServices(api), ...((await api('GET', '/compute/v2.1/os-hypervisors/detail')) as { hypervisors: { hypervisor_hostname: string; running_vms: number }[] }) })),
    managed(target).catch(() => undefined),
  ]);
  return hosts.map(({ host, instanceId, consoleUrl }) => {
    const service = seen.services.find((each) => each.host === host);
    return {
      host, instanceId, consoleUrl,
      status: service?.status ?? '-', state: service?.state ?? '-',
      servers: seen.hypervisors.find(({ hypervisor_hostname }) => hypervisor_hostname === host)?.running_vms,
      ssm: known ? known.get(instanceId) ?? 'unknown' : '-',
    };
  });
}

/** SSM's machines, and whether it reaches them. */
async function managed(target: Target): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { InstanceInformationList = [] } of paginateDescribeInstanceInformation({ client: new SSMClient(target.settings), pageSize: 50 }, {})) {
    for (const { InstanceId, PingStatus } of InstanceInformationList) found.set(InstanceId!, PingStatus ?? 'unknown');
  }
  return found;
}

async function serviceOf(api: Session, host: string) {
  return (await computeServices(api)).find((service) => service.host === host);
}

/** No new server comes to the host from now on. */
export async function drain(api: Session, host: string): Promise<void> {
  const service = await serviceOf(api, host);
  if (!service) throw new Error(`there is no host ${host}: npm run hosts -- list names them`);
  await disable(api, service);
}

async function disable(api: Session, service: ComputeService): Promise<void> {
  if (service.status === 'enabled') await api('PUT', `/compute/v2.1/os-services/${service.id}`, { status: 'disabled', disabled_reason: 'drained by its operator' });
}

/**
 * Takes an empty host out of the cloud: its compute service, its enrolment with its key, its registration with SSM, its role. What is done
 * is told to `show`; what was done before is no error, so it may be called again. Returns SSM's name of the machine, where it is still known.
 */
export async function retire({ target, deployed }: Place, api: Session, host: string, show: (done: string) => void): Promise<string | undefined> {
  const service = await serviceOf(api, host);
  if (service) {
    await disable(api, service);
    await api('DELETE', `/compute/v2.1/os-services/${service.id}`).catch((error: Error) => {
      if (error instanceof ApiError && error.status === 409) throw new Error(`${host} has servers again: npm run hosts -- drain ${host}`, { cause: error });
      throw error;
    });
    show('its compute service is gone');
  }
  const { host: enrolled } = (await invoker(target, deployed)('nova-compute-manage', { command: 'retire', host })) as { host: Enrolled | null };
  if (!service && !enrolled) show(`nobody knows a host ${host}`);
  if (enrolled) show('its key is void');
  if (enrolled?.instanceId.startsWith('mi-')) {
    await new SSMClient(target.settings).send(new DeregisterManagedInstanceCommand({ InstanceId: enrolled.instanceId })).then(
      () => show(`SSM has forgotten ${enrolled.instanceId}`),
      (error: Error) => show(`SSM did not forget ${enrolled.instanceId} (${error.message}): aws ssm deregister-managed-instance --region ${target.region} --instance-id ${enrolled.instanceId}`),
    );
  }
  await removeHostRole(target, host);
  show('its role is gone');
  forget(target, host);
  return enrolled?.instanceId;
}
