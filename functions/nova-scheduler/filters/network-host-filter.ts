import type { Filter } from './filter.ts';

/** A network that a host keeps to itself has its instances there. */
export const networkHostFilter: Filter = {
  concerns: ({ instance }) => !!instance.network_hosts?.length,
  passes: (host, { instance }) => instance.network_hosts!.every((each) => each.host === host.host),
  why: ({ instance }) => instance.network_hosts!.map(({ network, host }) => `Network ${network} is on host ${host} and does not reach other hosts yet.`).join(' '),
};
