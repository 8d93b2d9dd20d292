import type { MetadataSource } from './source.ts';

/** Every file of the config drive by its path (`openstack/latest/meta_data.json`, …). Only here the admin password is told. */
export function openstackFiles(_source: MetadataSource): Map<string, Buffer> {
  return new Map();
}
