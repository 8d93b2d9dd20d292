import { admin, adminOrMember, adminOrReader, anyone, either, service, type Rule } from '../../shared/identity/policy.ts';

/**
 * Neutron's defaults (neutron/conf/policies). Where a rule speaks of the network's owner, the handler asks it with the network's
 * project as target; sharing is looked at where the network is at hand.
 */
const adminOrService: Rule = either(admin, service);
const memberOrService: Rule = either(adminOrMember, service);
const readerOrService: Rule = either(adminOrReader, service);

const ofNetwork = {
  create_network: adminOrMember,
  'create_network:shared': admin,
  'create_network:router:external': admin,
  'create_network:is_default': admin,
  'create_network:provider:network_type': admin,
  'create_network:provider:physical_network': admin,
  'create_network:provider:segmentation_id': admin,
  get_network: readerOrService,
  'get_network:provider:network_type': admin,
  'get_network:provider:physical_network': admin,
  'get_network:provider:segmentation_id': admin,
  'get_network:binding:host_id': adminOrService,
  update_network: adminOrMember,
  'update_network:shared': admin,
  'update_network:router:external': admin,
  'update_network:is_default': admin,
  'update_network:provider:network_type': admin,
  'update_network:provider:physical_network': admin,
  'update_network:provider:segmentation_id': admin,
  delete_network: adminOrMember,
};

const ofSubnet = { create_subnet: adminOrMember, get_subnet: readerOrService, update_subnet: adminOrMember, delete_subnet: adminOrMember };

/** Target of the rules about what a port gets from its network: the network's owner. */
const ofPort = {
  create_port: memberOrService,
  'create_port:device_owner': memberOrService, // only asked for owners that begin with `network:`
  'create_port:mac_address': memberOrService,
  'create_port:fixed_ips': memberOrService,
  'create_port:fixed_ips:ip_address': memberOrService,
  'create_port:port_security_enabled': memberOrService,
  'create_port:allowed_address_pairs': memberOrService,
  'create_port:binding:host_id': adminOrService,
  'create_port:binding:profile': adminOrService, // Neutron: the service alone; administrators may here, as before 2023.2
  get_port: readerOrService,
  'get_port:binding:vif_type': adminOrService,
  'get_port:binding:vif_details': adminOrService,
  'get_port:binding:host_id': adminOrService,
  'get_port:binding:profile': adminOrService,
  'get_port:binding:filter': service, // and binding:network: what a host must know
  update_port: memberOrService,
  'update_port:device_owner': memberOrService,
  'update_port:mac_address': adminOrService,
  'update_port:fixed_ips': memberOrService,
  'update_port:fixed_ips:ip_address': memberOrService,
  'update_port:port_security_enabled': memberOrService,
  'update_port:allowed_address_pairs': memberOrService,
  'update_port:binding:host_id': adminOrService,
  'update_port:binding:profile': adminOrService,
  delete_port: memberOrService,
};

const ofSecurityGroup = {
  create_security_group: adminOrMember,
  get_security_group: readerOrService,
  'get_security_group:binding:members': service, // whom rules that name it let in, and which hosts must know
  update_security_group: adminOrMember,
  delete_security_group: adminOrMember,
  create_security_group_rule: adminOrMember,
  get_security_group_rule: readerOrService,
  delete_security_group_rule: adminOrMember,
};

const ofQuota = { get_quota: adminOrReader, get_quotas: admin, update_quota: admin, delete_quota: admin };

export const policies = { ...ofNetwork, ...ofSubnet, ...ofPort, ...ofSecurityGroup, ...ofQuota, get_version: anyone, get_extension: anyone } satisfies Record<string, Rule>;
export type PolicyName = keyof typeof policies;
