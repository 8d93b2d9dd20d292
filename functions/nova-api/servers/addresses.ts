import type { Instance } from '../../../shared/objects/instance.ts';

export interface Address { version: 4 | 6; addr: string; 'OS-EXT-IPS:type': 'fixed'; 'OS-EXT-IPS-MAC:mac_addr': string }

/** By network label, in the order of the interfaces. */
export function addressesOf({ interfaces }: Pick<Instance, 'interfaces'>): Record<string, Address[]> {
  const addresses: Record<string, Address[]> = {};
  for (const { network_label, mac_address, fixed_ips } of interfaces) {
    (addresses[network_label] ??= []).push(
      ...fixed_ips.map(({ ip_address, version }): Address => ({ version, addr: ip_address, 'OS-EXT-IPS:type': 'fixed', 'OS-EXT-IPS-MAC:mac_addr': mac_address })),
    );
  }
  return addresses;
}
