import { badRequest, conflict, forbidden, HttpError, notFound } from '../../shared/http/errors.ts';

/**
 * Neutron's exceptions: clients tell them apart by `type`, which is the class name of neutron-lib or of an extension.
 */
export const bad = (type: string, message: string) => badRequest(message, { type });
const missing = (type: string, message: string) => notFound(message, { type });
const clash = (type: string, message: string) => conflict(message, { type });

export const invalidInput = (reason: string) => bad('InvalidInput', `Invalid input for operation: ${reason}.`);
/** A value that an attribute can't have, in the words of neutron-lib's attribute validators. */
export const invalidAttribute = (attribute: string, reason: string) => bad('HTTPBadRequest', `Invalid input for ${attribute}. Reason: ${reason}.`);
export const unrecognized = (names: string[]) => bad('HTTPBadRequest', `Unrecognized attribute(s) '${names.join(', ')}'`);
export const badResource = (resource: string, reason: string) => bad('BadRequest', `Bad ${resource} request: ${reason}.`);

const plurals: Record<string, string> = { network: 'Network', subnet: 'Subnet', port: 'Port' };
export type Kind = 'network' | 'subnet' | 'port' | 'security_group' | 'security_group_rule';
export const resourceNotFound = (kind: Kind, id: string) =>
  kind === 'security_group' ? missing('SecurityGroupNotFound', `Security group ${id} does not exist`)
  : kind === 'security_group_rule' ? missing('SecurityGroupRuleNotFound', `Security group rule ${id} does not exist`)
  : missing(`${plurals[kind]}NotFound`, `${plurals[kind]} ${id} could not be found.`);

export const policyNotAuthorized = (rule: string) => forbidden(`(rule:${rule}) is disallowed by policy`, { type: 'PolicyNotAuthorized' });
export const adminRequired = (reason: string) => forbidden(`User does not have admin privileges: ${reason}.`, { type: 'AdminRequired' });

export const overQuota = (resource: string) => clash('OverQuota', `Quota exceeded for resources: ['${resource}'].`);
export const revisionMismatch = (expected: number, found: number) =>
  new HttpError(412, `RevisionNumberConstraintFailed: Constrained to ${expected}, but current revision is ${found}`, { type: 'RevisionNumberConstraintFailed' });

export const networkInUse = (id: string) =>
  clash('NetworkInUse', `Unable to complete operation on network ${id}. There are one or more ports still in use on the network.`);
/** Not Neutron's: hosts without an overlay between them. */
export const networkOnOtherHost = ({ id, name }: { id: string; name: string }, has: string, wants: string) =>
  clash('NetworkOnOtherHost', `Network ${name || id} is on host ${has} and does not reach host ${wants} yet.`);
export const subnetInUse = (id: string) =>
  clash('SubnetInUse', `Unable to complete operation on subnet ${id}: One or more ports have an IP allocation from this subnet.`);
export const invalidSharedSetting = (network: string) =>
  clash('InvalidSharedSetting', `Unable to reconfigure sharing settings for network ${network}. Multiple projects are using it.`);
export const vlanIdInUse = (id: number, physical: string) => clash('VlanIdInUse', `Unable to create the network. The VLAN ${id} on physical network ${physical} is in use.`);
export const tunnelIdInUse = (id: number) => clash('TunnelIdInUse', `Unable to create the network. The tunnel ID ${id} is in use.`);
export const flatNetworkInUse = (physical: string) => clash('FlatNetworkInUse', `Unable to create the flat network. Physical network ${physical} is in use.`);

export const ipAddressGenerationFailure = (network: string) => clash('IpAddressGenerationFailure', `No more IP addresses available on network ${network}.`);
export const ipAddressAlreadyAllocated = (address: string, subnet: string) =>
  clash('IpAddressAlreadyAllocated', `IP address ${address} already allocated in subnet ${subnet}`);
export const invalidIpForSubnet = (address: string) => bad('InvalidIpForSubnet', `IP address ${address} is not a valid IP for the specified subnet.`);
export const invalidIpForNetwork = (address: string) => bad('InvalidIpForNetwork', `IP address ${address} is not a valid IP for any of the subnets on the specified network.`);
export const allocationOnAutoAddressSubnet = (address: string, subnet: string) =>
  bad('AllocationOnAutoAddressSubnet', `IPv6 address ${address} cannot be directly assigned to a port on subnet ${subnet} as the subnet is configured for automatic addresses`);
export const macAddressInUse = (network: string, mac: string) =>
  clash('MacAddressInUse', `Unable to complete operation for network ${network}. The mac address ${mac} is in use.`);
export const portBound = (port: string, vifType: string, oldMac: string, newMac: string) =>
  clash('PortBound', `Unable to complete operation on port ${port}, port is already bound, port type: ${vifType}, old_mac ${oldMac}, new_mac ${newMac}.`);

export const invalidAllocationPool = (pool: string) => bad('InvalidAllocationPool', `The allocation pool ${pool} is not valid.`);
export const outOfBoundsAllocationPool = (pool: string, cidr: string) =>
  bad('OutOfBoundsAllocationPool', `The allocation pool ${pool} spans beyond the subnet cidr ${cidr}.`);
export const overlappingAllocationPools = (one: string, other: string, cidr: string) =>
  clash('OverlappingAllocationPools', `Found overlapping allocation pools: ${one} ${other} for subnet ${cidr}.`);
export const gatewayConflictWithAllocationPools = (address: string, pool: string) =>
  clash('GatewayConflictWithAllocationPools', `Gateway ip ${address} conflicts with allocation pool ${pool}.`);

export const portSecurityPortHasSecurityGroup = () =>
  clash('PortSecurityPortHasSecurityGroup', 'Port has security group associated. Cannot disable port security or IP address until security group is removed.');
export const portSecurityRequiredForSecurityGroups = () =>
  bad('PortSecurityAndIPRequiredForSecurityGroups', 'Port security must be enabled and port must have an IP address in order to use security groups.');
export const addressPairAndPortSecurityRequired = () =>
  clash('AddressPairAndPortSecurityRequired', 'Port Security must be enabled in order to have allowed address pairs on a port.');

export const securityGroupInUse = (id: string) => clash('SecurityGroupInUse', `Security Group ${id} in use.`);
export const securityGroupCannotRemoveDefault = () => clash('SecurityGroupCannotRemoveDefault', 'Insufficient rights for removing default security group.');
export const securityGroupCannotUpdateDefault = () => clash('SecurityGroupCannotUpdateDefault', 'Updating default security group not allowed.');
export const securityGroupDefaultAlreadyExists = () => clash('SecurityGroupDefaultAlreadyExists', 'Default security group already exists.');
export const securityGroupRuleExists = (id: string) => clash('SecurityGroupRuleExists', `Security group rule already exists. Rule id is ${id}.`);
/** A rule that contradicts itself; `type` is the securitygroup extension's exception. */
export const invalidRule = (type: string, message: string) => bad(type, message);

export const tagNotFound = (tag: string) => missing('TagNotFound', `Tag ${tag} could not be found.`);
export const extensionNotFound = (alias: string) => missing('ExtensionNotFound', `Extension with alias ${alias} does not exist`);
export const availabilityZoneNotFound = (zone: string) => missing('AvailabilityZoneNotFound', `AvailabilityZone ${zone} could not be found.`);
