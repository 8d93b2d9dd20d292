/** `nova-compute` → `NovaCompute`: logical ids allow letters and digits only. */
export const pascal = (name: string): string => name.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');

/** What a declared function is called where it is deployed. */
export const functionName = (stack: { stackName: string }, name: string): string => `${stack.stackName}-${name}`;

/** The control plane, and the hosts' side, which is deployed after it or not at all. */
export const stacks = { controlPlane: 'Novaless', hosts: 'NovalessHosts' } as const;

/** The SSM documents of the hosts' side. The names are fixed, so that the control plane may send what is deployed later, or changed. */
export const documents = { ring: 'Novaless-RingAgent', install: 'Novaless-InstallAgent' } as const;

/** A machine that SSM knows is a host where it has this tag: the agent is installed and kept up to date there. */
export const hostTag = { key: 'novaless', value: 'host' } as const;

/** The tag of a host's own role that holds the host's name: it opens the host's own commands, and no others. */
export const hostRoleTag = 'novaless-host';

/** A host's own role and, on EC2, instance profile. `/` and what else names may not hold does not occur in hosts' names. */
export const hostRoleName = (region: string, host: string): string => `NovalessHost-${region}-${host}`;

/** What the control plane tells the hosts' side, as SSM parameters `PATH/hosts/NAME`. */
export const hostParameters = ['journal-table', 'reports-queue', 'heartbeats-queue', 'images-bucket', 'consoles-bucket'] as const;
export type HostParameter = (typeof hostParameters)[number];
