import { rest } from '../../../shared/openstack/rest.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';

/** The compute service of a host, as nova tells of it: an operator disables it to drain the host, and it is down when the host is silent. */
export interface HostService { host: string; status: 'enabled' | 'disabled'; state: 'up' | 'down'; disabled_reason: string | null }

/** By host, as it is now. Undefined where nova does not answer: volumes can do without it. */
export async function hostServices(): Promise<Map<string, HostService> | undefined> {
  try {
    const { services } = await rest<{ services: HostService[] }>('compute', 'GET', '/os-services?binary=nova-compute', { caller: { service: 'cinder' }, attempts: 2, timeout: 5_000 });
    return new Map(services.map((service) => [service.host, service]));
  } catch (error) {
    log.warn('nova does not tell how the hosts are', factsOf(error));
    return undefined;
  }
}

/** Hosts that may be given something new, as Cinder's scheduler knows only services that are enabled and up. Undefined where nobody knows. */
export async function openHosts(): Promise<Set<string> | undefined> {
  const services = await hostServices();
  return services && new Set([...services.values()].filter(({ status, state }) => status === 'enabled' && state === 'up').map(({ host }) => host));
}
