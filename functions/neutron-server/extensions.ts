import type { Route } from '../../shared/http/route.ts';
import { selectFields } from './http/list.ts';
import { extensionNotFound } from './errors.ts';

/** What of Networking API v2.0's extensions is here, all of it: clients leave out what they don't find. By alias: name, description, date. */
const extensions: Record<string, [name: string, description: string, updated: string]> = {
  'allowed-address-pairs': ['Allowed Address Pairs', 'Provides allowed address pairs', '2013-07-23'],
  binding: ['Port Binding', 'Expose port bindings of a virtual port to external application', '2014-02-03'],
  'dns-integration': ['DNS Integration', 'Provides integration with DNS.', '2015-08-15'],
  'empty-string-filtering': ['Empty String Filtering Extension', 'Allow filtering by attributes with empty string value', '2018-05-01'],
  'external-net': ['Neutron external network', 'Adds external network attribute to network resource.', '2013-01-14'],
  extra_dhcp_opt: ['Neutron Extra DHCP options', 'Extra options configuration for DHCP. For example PXE boot options to DHCP clients can be specified (e.g. tftp-server, server-ip-address, bootfile-name)', '2013-03-17'],
  'filter-validation': ['Filter parameters validation', 'Provides validation on filter parameters.', '2018-03-21'],
  'ip-substring-filtering': ['IP address substring filtering', 'Provides IP address substring filtering when listing ports', '2017-11-28'],
  'net-mtu': ['Network MTU', 'Provides MTU attribute for a network resource.', '2015-03-25'],
  'net-mtu-writable': ['Network MTU (writable)', 'Provides a writable MTU attribute for a network resource.', '2017-07-12'],
  pagination: ['Pagination support', 'Extension that indicates that pagination is enabled.', '2016-06-12'],
  'port-security': ['Port Security', 'Provides port security', '2012-07-23'],
  'port-security-groups-filtering': ['Port filtering on security groups', 'Provides security groups filtering when listing ports', '2018-01-09'],
  'project-id': ['project_id field enabled', 'Extension that indicates that project_id field is enabled.', '2016-09-09'],
  provider: ['Provider Network', 'Expose mapping of virtual networks to physical networks', '2012-09-07'],
  quota_details: ['Quota details management support', 'Expose functions for quotas usage statistics per project', '2017-02-10'],
  quotas: ['Quota management support', 'Expose functions for quotas management per project', '2012-07-29'],
  'revision-if-match': ['If-Match constraints based on revision_number', 'Extension indicating that If-Match based on revision_number is supported.', '2016-12-11'],
  'security-group': ['security-group', 'The security groups extension.', '2012-10-05'],
  'security-groups-normalized-cidr': ['Normalized CIDR field for security group rules', 'Add new field with normalized remote_ip_prefix cidr in SG rule', '2020-07-28'],
  'sort-key-validation': ['Sort key validation', 'Provides ability to validate sort keys.', '2018-08-02'],
  sorting: ['Sorting support', 'Extension that indicates that sorting is enabled.', '2016-06-12'],
  'standard-attr-description': ['standard-attr-description', 'Extension to add descriptions to standard attributes', '2016-02-10'],
  'standard-attr-revisions': ['Resource revision numbers', 'This extension will display the revision number of neutron resources.', '2016-04-11'],
  'standard-attr-tag': ['Tag support for resources with standard attribute: network, subnet, port, security_group', 'Enables to set tag on resources with standard attribute.', '2017-01-01'],
  'standard-attr-timestamp': ['Resource timestamps', 'Adds created_at and updated_at fields to all Neutron resources that have Neutron standard attributes.', '2016-09-12'],
  'subnet-external-network': ['Subnet belongs to an external network', 'Informs if the subnet belongs to an external network', '2024-11-13'],
};

const view = (alias: string) => {
  const [name, description, updated] = extensions[alias]!;
  return { alias, name, description, updated: `${updated}T10:00:00-00:00`, links: [] };
};

export const extensionRoutes: Route[] = [
  { method: 'GET', path: '/extensions', policy: 'get_extension', handler: ({ query }) => ({ body: { extensions: Object.keys(extensions).map((alias) => selectFields(view(alias), query)) } }) },
  {
    method: 'GET', path: '/extensions/{alias}', policy: 'get_extension',
    handler: ({ params }) => {
      if (!Object.hasOwn(extensions, params['alias']!)) throw extensionNotFound(params['alias']!);
      return { body: { extension: view(params['alias']!) } };
    },
  },
];
