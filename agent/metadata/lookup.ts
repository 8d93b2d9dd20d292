import { ec2Item } from './ec2.ts';
import { openstackItem } from './openstack.ts';
import type { Item, MetadataSource } from './source.ts';

/** What stands under a path of the metadata service: OpenStack's under `openstack`, EC2's under `ec2` or right at the top. */
export function lookup(source: MetadataSource, [first, ...rest]: string[]): Item | undefined {
  if (first === 'openstack') return openstackItem(source, rest);
  return ec2Item(source, first === undefined || first === 'ec2' ? rest : [first, ...rest]);
}
