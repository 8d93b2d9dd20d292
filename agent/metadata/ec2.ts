import type { Item, MetadataSource } from './source.ts';

const versions = ['1.0', '2007-01-19', '2007-03-01', '2007-08-29', '2007-10-10', '2007-12-15', '2008-02-01', '2008-09-01', '2009-04-04'] as const;
const LATEST = 'latest';
/** The versions that a config drive has, as Nova's default says. */
const onConfigDrive = ['2009-04-04', LATEST];

interface Tree { [name: string]: Tree | string }
/** How a folder is listed, where not by `name/`. */
const listedAs = Symbol('listed as');
type Folder = Tree & { [listedAs]?: string };

/** EC2's id of what has a UUID here. */
const ec2Id = (kind: 'i' | 'ami', uuid: string) => `${kind}-${uuid.slice(0, 8)}`;

/** EC2's paths below `/` or `/ec2`; undefined where there is nothing. */
export function ec2Item(source: MetadataSource, [version, ...path]: string[]): Item | undefined {
  if (version === undefined) return { body: Buffer.from([...versions, LATEST].join('\n')), json: false };
  const known = version === LATEST ? versions.at(-1) : versions.find((each) => each === version);
  if (known === undefined) return undefined;
  const [kind, ...rest] = path;
  if (kind === 'user-data') return source.user_data === null || rest.length > 0 ? undefined : { body: Buffer.from(source.user_data, 'base64'), json: false };
  if (kind === undefined) return { body: Buffer.from(['meta-data/', ...(source.user_data === null ? [] : ['user-data'])].join('\n')), json: false };
  if (kind !== 'meta-data') return undefined;
  let node: Tree | string | undefined = metaData(source, known);
  for (const part of rest) node = typeof node === 'object' && Object.hasOwn(node, part) ? node[part] : undefined;
  return node === undefined ? undefined : { body: Buffer.from(typeof node === 'string' ? node : listing(node)), json: false };
}

export function ec2Files(source: MetadataSource): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const version of onConfigDrive) {
    files.set(`ec2/${version}/meta-data.json`, Buffer.from(JSON.stringify(metaData(source, versions.at(-1)!))));
    if (source.user_data !== null) files.set(`ec2/${version}/user-data`, Buffer.from(source.user_data, 'base64'));
  }
  return files;
}

const listing = (folder: Tree) => Object.keys(folder).sort()
  .map((name) => (typeof folder[name] === 'string' ? name : ((folder[name] as Folder)[listedAs] ?? `${name}/`))).join('\n');

function metaData(source: MetadataSource, version: string): Tree {
  const { instance_uuid, hostname, launch_index, vifs, key_name, key_data, flavor, availability_zone, disks } = source;
  const root = disks.find(({ boot_index }) => boot_index === 0);
  const address = vifs.flatMap(({ fixed_ips }) => fixed_ips).find((each) => each.version === 4)?.ip_address ?? '';
  return {
    ...(root?.source.type === 'image' && { 'ami-id': ec2Id('ami', root.source.image_id) }),
    'ami-launch-index': String(launch_index),
    'instance-id': ec2Id('i', instance_uuid),
    hostname,
    'local-ipv4': address,
    ...(key_name !== null && key_data !== null && { 'public-keys': { 0: { 'openssh-key': key_data, [listedAs]: `0=${key_name}` } as Folder } }),
    ...(version >= '2007-01-19' && { 'local-hostname': hostname, 'public-hostname': hostname, 'public-ipv4': '' }),
    ...(version >= '2007-08-29' && { 'instance-type': flavor.name }),
    ...(version >= '2007-12-15' && { 'block-device-mapping': mappingOf(disks) }),
    ...(version >= '2008-02-01' && { placement: { 'availability-zone': availability_zone } }),
    ...(version >= '2008-09-01' && { 'instance-action': 'none' }),
  };
}

function mappingOf(disks: MetadataSource['disks']): Tree {
  const root = disks.find(({ boot_index }) => boot_index === 0)?.device;
  const blanks = disks.filter(({ source }) => source.type === 'blank');
  const isSwap = ({ source }: (typeof disks)[number]) => source.type === 'blank' && source.guest_format === 'swap';
  const numbered = (name: string, some: typeof disks) => Object.fromEntries(some.map(({ device }, index) => [`${name}${index}`, device]));
  return {
    ...(root !== undefined && { ami: root.replace(/^\/dev\//, ''), root }),
    ...numbered('ebs', disks.filter(({ source }) => source.type === 'volume').toSorted((a, b) => (a.device < b.device ? -1 : 1))),
    ...numbered('ephemeral', blanks.filter((disk) => !isSwap(disk))),
    ...Object.fromEntries(blanks.filter(isSwap).slice(0, 1).map(({ device }) => ['swap', device])),
  };
}
