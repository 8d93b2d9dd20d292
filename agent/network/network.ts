import type { Vif } from '../../shared/agent/command.ts';
import type { MetadataSource } from '../metadata/source.ts';
import { ActionFailed } from '../drivers/driver.ts';

/** The guests' networks on one host: each in a namespace of its own, with a bridge, DHCP, the metadata service and filters. */
export interface HostNetwork {
  /** The tap's name of a port (14 characters), as Nova and Neutron make it. */
  tapName(port_id: string): string;
  /** Before the guest is defined: namespace, bridge, DHCP with this port's entry, metadata listener, filters that let nothing pass. Idempotent. Throws ActionFailed with a reason for an operator. */
  prepare(guest: string, vif: Vif): Promise<void>;
  /** After the tap was made in the host's own namespace and before the guest runs: moves it to the bridge and opens what the rules allow. Idempotent. */
  plug(guest: string, vif: Vif): Promise<void>;
  /** The port's rules are others now. A port that isn't here is left alone. */
  refresh(guest: string, vif: Vif): Promise<void>;
  /** The port is gone from the guest: no filter, lease or DHCP entry of it stays; a network's last port takes all of it along. Idempotent. */
  unplug(guest: string, port_id: string): Promise<void>;
  /** At the agent's start: what should be there is there again, also after a reboot of the host, and what is left of others goes. */
  recover(): Promise<void>;
  /** Ends the metadata listeners; namespaces, DHCP and guests go on without the agent. */
  close(): void;
}

export interface HostNetworkOptions {
  /** The host's name, for logs. */
  host: string;
  /** The driver's own folder; its networks are this folder's, so that several agents on one machine don't meet. */
  folder: string;
  /** What the metadata service tells a guest; undefined where there is no such guest. */
  metadata: (guest: string) => MetadataSource | undefined;
}

export const tapName = (port_id: string): string => `tap${port_id.slice(0, 11)}`;

export function hostNetwork(_options: HostNetworkOptions): HostNetwork {
  throw new ActionFailed('not yet');
}

/** What this machine lacks for guests' networks, one sentence each, with how to install it; empty where all is there. */
export async function missingForNetworks(): Promise<string[]> {
  return ['not yet'];
}
