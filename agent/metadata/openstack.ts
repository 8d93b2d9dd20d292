import { randomBytes } from 'node:crypto';
import { ec2Files } from './ec2.ts';
import { networkData } from './network-data.ts';
import type { Item, MetadataSource } from './source.ts';

/** OpenStack's versions of these documents by the release that brought them. */
const versions = ['2012-08-10', '2013-04-04', '2013-10-17', '2015-10-15', '2016-06-30', '2016-10-06', '2017-02-22', '2018-08-27', '2020-10-14', '2025-04-04'] as const;
const GRIZZLY = '2013-04-04', HAVANA = '2013-10-17', LIBERTY = '2015-10-15', NEWTON_ONE = '2016-06-30', NEWTON_TWO = '2016-10-06', VICTORIA = '2020-10-14';
const LATEST = 'latest';

const resolved = (version: string): string | undefined => (version === LATEST ? versions.at(-1) : versions.find((each) => each === version));

/** `openstack` and what is below it; undefined where there is nothing. */
export function openstackItem(source: MetadataSource, [version, ...path]: string[]): Item | undefined {
  if (version === undefined) return text([...versions, LATEST].join('\n'));
  const known = resolved(version);
  if (known === undefined) return undefined;
  const documents = documentsOf(source, known);
  return path.length === 0 ? text([...documents.keys()].join('\n')) : documents.get(path.join('/'))?.();
}

/** Every file of the config drive by its path (`openstack/latest/meta_data.json`, …). Only here the admin password is told. */
export function openstackFiles(source: MetadataSource): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const version of [...versions, LATEST]) {
    for (const [name, make] of documentsOf(source, resolved(version)!, source.admin_pass)) files.set(`openstack/${version}/${name}`, make().body);
  }
  for (const [path, body] of ec2Files(source)) files.set(path, body);
  return files;
}

const text = (value: string): Item => ({ body: Buffer.from(value), json: false });
const json = (value: unknown): Item => ({ body: Buffer.from(JSON.stringify(value)), json: true });

/** A version's documents by name, in Nova's order. */
function documentsOf(source: MetadataSource, version: string, adminPass?: string): Map<string, () => Item> {
  const { user_data } = source;
  return new Map<string, () => Item>([
    ['meta_data.json', () => json(metaData(source, version, adminPass))],
    ...(user_data === null ? [] : [['user_data', () => ({ body: Buffer.from(user_data, 'base64'), json: false })] as const]),
    ...(version >= HAVANA ? [['vendor_data.json', () => json({})] as const] : []),
    ...(version >= LIBERTY ? [['network_data.json', () => json(networkData(source))] as const] : []),
    ...(version >= NEWTON_TWO ? [['vendor_data2.json', () => json({ static: {} })] as const] : []),
  ]);
}

function metaData(source: MetadataSource, version: string, adminPass: string | undefined) {
  const { instance_uuid, metadata, key_name, key_data, hostname, name, launch_index, availability_zone, project_id } = source;
  return {
    uuid: instance_uuid,
    ...(Object.keys(metadata).length > 0 && { meta: metadata }),
    ...(adminPass !== undefined && { admin_pass: adminPass }),
    ...(key_name !== null && key_data !== null && { public_keys: { [key_name]: key_data }, keys: [{ name: key_name, type: keyType(key_data), data: key_data }] }),
    hostname, name, launch_index, availability_zone,
    ...(version >= GRIZZLY && { random_seed: randomBytes(512).toString('base64') }),
    ...(version >= LIBERTY && { project_id }),
    ...(version >= NEWTON_ONE && { devices: devicesOf(source) }),
    ...(version >= VICTORIA && { dedicated_cpus: [] }),
  };
}

const keyType = (data: string) => (data.includes('BEGIN CERTIFICATE') ? 'x509' : 'ssh');

/** Tagged devices; where they are on the bus is the guest's to see. */
function devicesOf({ vifs, disks }: MetadataSource): object[] {
  const place = { bus: 'none', address: 'none' };
  return [
    ...vifs.flatMap(({ tag, mac_address }) => (tag === undefined ? [] : [{ type: 'nic', mac: mac_address, ...place, tags: [tag] }])),
    ...disks.flatMap(({ tag, device, source }) => (tag === undefined ? [] : [{ type: 'disk', ...(source.type === 'volume' && { serial: source.volume_id }), path: device, ...place, tags: [tag] }])),
  ];
}
