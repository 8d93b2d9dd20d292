import { createHash } from 'node:crypto';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Of a port, on the host: 14 characters of the 15 that Linux allows, as Nova and Neutron make it. */
export const tapName = (port_id: string): string => `tap${port_id.slice(0, 11)}`;

/** What all namespaces of one host begin with: hosts that share a machine are told apart by their folders. */
export const namespacePrefix = (folder: string): string => `nova-${sha256(folder).slice(0, 8)}-`;
export const namespaceName = (folder: string, network_id: string): string => namespacePrefix(folder) + network_id;
export const namespaceFile = (name: string): string => `/run/netns/${name}`;

export const BRIDGE = 'br0';
/** A bridge's own address, locally administered: else it would change with the ports, and guests would look for it in vain. */
export const bridgeMac = (network_id: string): string => `02${sha256(network_id).slice(0, 10).replace(/../g, ':$&')}`;

export const shortHash = (text: string): string => sha256(text).slice(0, 12);
