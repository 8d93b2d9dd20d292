import { derivedId } from '../ids.ts';
import { keyOf, store } from '../records/entities.ts';

/** Type, name and path of each service, as DevStack registers them. */
const services = [
  ['identity', 'keystone', '/identity'],
  ['compute', 'nova', '/compute/v2.1'],
  ['image', 'glance', '/image'],
  ['network', 'neutron', '/network'],
  // Older clients look for volumev3 and put the project into the path; newer ones look for block-storage.
  ['volumev3', 'cinderv3', '/volume/v3/$(project_id)s'],
  ['block-storage', 'cinder', '/volume/v3'],
] as const;

/**
 * The region, the services and their endpoints. Ids are derived from what the things are, so that a repeat finds them
 * again; it changes nothing but the URLs. The caller tells of it (`allChanged`).
 */
export async function bootstrapCatalog(endpoint: string, region: string): Promise<void> {
  const write = async ([type, name, path]: (typeof services)[number]) => {
    const service_id = derivedId('service', type);
    await once('service', service_id, { id: service_id, type, name, enabled: true });
    await Promise.all((['public', 'internal', 'admin'] as const).map(async (side) => {
      const id = derivedId('endpoint', region, type, side);
      const url = endpoint + path;
      await once('endpoint', id, { id, service_id, interface: side, region_id: region, url, enabled: true });
      await store.update(keyOf('endpoint', id), { set: { 'data.url': url }, add: { version: 1 } });
    }));
  };
  await Promise.all([once('region', region, { id: region, description: '', parent_region_id: null }), ...services.map(write)]);
}

const once = (kind: 'region' | 'service' | 'endpoint', id: string, data: object) => store.update(keyOf(kind, id), { setIfAbsent: { data, version: 1 } });
