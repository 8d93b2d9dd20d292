import type { HostNetwork } from '../../network/network.ts';
import type { Abilities } from './capabilities.ts';
import type { Disks } from './disks/disks.ts';
import type { Guests } from './guests.ts';
import type { serialLogs } from './serial-log.ts';
import type { Virsh } from './virsh.ts';

/** What a libvirt host's actions work with. */
export interface LibvirtHost {
  /** Stands in the definitions of this host's domains. */
  owner: string;
  virsh: Virsh;
  abilities: () => Promise<Abilities>;
  guests: Guests;
  disks: Disks;
  network: HostNetwork;
  logs: ReturnType<typeof serialLogs>;
}
