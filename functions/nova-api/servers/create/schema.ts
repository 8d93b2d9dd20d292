import * as Type from '@sinclair/typebox';
import type { TSchema } from '@sinclair/typebox';
import type { Versioned } from '../../../../shared/http/route.ts';
import {
  Bool, Description, DeviceName, DiskConfig, Fqdn, Hostname, IntegerFrom, IpAddress, Ipv4, Ipv6, Metadata, Name, Optional, Strict, Tag, Uuid, type Static,
} from '../../common/types.ts';

const UserData = Type.String({ format: 'base64', maxLength: 65_535 });
const PortId = Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'uuid' });

const legacyDevice = {
  virtual_name: Optional(Type.String({ maxLength: 255 })),
  volume_id: Optional(Uuid),
  snapshot_id: Optional(Uuid),
  volume_size: Optional(IntegerFrom(1)),
  device_name: Optional(DeviceName),
  delete_on_termination: Optional(Bool),
  no_device: Optional(Type.Unknown()),
  connection_info: Optional(Type.String({ maxLength: 16_777_215 })),
};
const device = {
  ...legacyDevice,
  source_type: Optional(Type.Unsafe<'volume' | 'image' | 'snapshot' | 'blank'>({ type: 'string', enum: ['volume', 'image', 'snapshot', 'blank'] })),
  uuid: Optional(Type.String({ minLength: 1, maxLength: 255, pattern: '^[a-zA-Z0-9._\\-]*$' })),
  image_id: Optional(Uuid),
  destination_type: Optional(Type.Unsafe<'local' | 'volume'>({ type: 'string', enum: ['local', 'volume'] })),
  guest_format: Optional(Type.String({ maxLength: 255 })),
  device_type: Optional(Type.String({ maxLength: 255 })),
  disk_bus: Optional(Type.String({ maxLength: 255 })),
  boot_index: Optional(Type.Unsafe<number | string | null>({ type: ['integer', 'string', 'null'], pattern: '^-?[0-9]+$' })),
  tag: Optional(Tag),
  volume_type: Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 255 })),
};
const LegacyDevice = Strict(legacyDevice);
const Device = Strict(device);
export type LegacyDevice = Static<typeof LegacyDevice>;
export type Device = Static<typeof Device>;

const network = { fixed_ip: Optional(IpAddress), port: Optional(PortId), uuid: Optional(Type.String()), tag: Optional(Tag) };
const Network = Strict(network);
const hintsOf = (groups: TSchema) => Type.Object({
  group: Optional(groups),
  different_host: Optional(Type.Union([Uuid, Type.Array(Uuid)])),
  same_host: Optional(Type.Union([Type.String(), Type.Array(Uuid)])),
  query: Optional(Type.Unsafe<string | object>({ type: ['string', 'object'] })),
  build_near_host_ip: Optional(IpAddress),
  cidr: Optional(Type.String({ pattern: '^/[0-9a-f.:]+$' })),
});
const Hints = hintsOf(Type.Union([Uuid, Type.Array(Uuid)]));

const everything = {
  name: Name,
  flavorRef: Type.Unsafe<string | number>({ type: ['string', 'integer'], minLength: 1 }),
  imageRef: Optional(Type.Union([Uuid, Type.Literal('')])),
  adminPass: Optional(Type.String()),
  metadata: Optional(Metadata),
  networks: Optional(Type.Union([Type.Array(Network), Type.Unsafe<'none' | 'auto'>({ type: 'string', enum: ['none', 'auto'] })])),
  'OS-DCF:diskConfig': Optional(DiskConfig),
  accessIPv4: Optional(Ipv4),
  accessIPv6: Optional(Ipv6),
  personality: Optional(Type.Array(Strict({ path: Optional(Type.String()), contents: Optional(Type.String({ format: 'base64' })) }))),
  availability_zone: Optional(Name),
  block_device_mapping: Optional(Type.Array(LegacyDevice)),
  block_device_mapping_v2: Optional(Type.Array(Device)),
  config_drive: Optional(Bool),
  key_name: Optional(Name),
  min_count: Optional(IntegerFrom(1)),
  max_count: Optional(IntegerFrom(1)),
  return_reservation_id: Optional(Bool),
  security_groups: Optional(Type.Array(Strict({ name: Optional(Name) }))),
  user_data: Optional(UserData),
  description: Optional(Description),
  tags: Optional(Type.Array(Tag, { maxItems: 50 })),
  trusted_image_certificates: Optional(Type.Union([Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 50, uniqueItems: true }), Type.Null()])),
  host: Optional(Fqdn),
  hypervisor_hostname: Optional(Fqdn),
  hostname: Optional(Fqdn),
};
const Everything = Type.Object(everything);
/** The body's `server` in its newest form; older versions take a part of it. */
export type CreateServer = Static<typeof Everything>;
export interface CreateBody { server: CreateServer; 'os:scheduler_hints'?: Record<string, unknown>; 'OS-SCH-HNT:scheduler_hints'?: Record<string, unknown> }

const bodyOf = (server: Record<string, TSchema>) => Strict({ server: Strict(server), 'os:scheduler_hints': Optional(Hints), 'OS-SCH-HNT:scheduler_hints': Optional(Hints) });
const without = <T extends Record<string, TSchema>>(properties: T, ...names: string[]) => Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)));

const networksOf = (item: Record<string, TSchema>, { words = true, required = true } = {}) => {
  const list = Type.Array(Strict(item));
  const schema = words ? Type.Union([list, Type.Unsafe({ type: 'string', enum: ['none', 'auto'] })]) : list;
  return required ? schema : Optional(schema);
};
const devicesWithout = (...names: string[]) => Optional(Type.Array(Strict(without(device, ...names))));
const strictNetwork = { ...network, uuid: Optional(Uuid) };

const v1 = {
  ...without(everything, 'description', 'tags', 'trusted_image_certificates', 'host', 'hypervisor_hostname', 'hostname'),
  networks: networksOf(without(network, 'tag'), { words: false, required: false }),
  block_device_mapping_v2: devicesWithout('tag', 'volume_type'),
};
const v19 = { ...v1, description: everything.description };
// Tags of devices came in 2.32, were lost in 2.33 (disks) and 2.37 (networks), and came back in 2.42.
const v33 = { ...v19, networks: networksOf(network, { words: false, required: false }) };
const v32 = { ...v33, block_device_mapping_v2: devicesWithout('volume_type') };
const v37 = { ...v19, networks: networksOf(without(strictNetwork, 'tag')) };
const v42 = { ...v37, networks: networksOf(strictNetwork), block_device_mapping_v2: devicesWithout('volume_type') };
const v52 = { ...v42, tags: everything.tags };
const v57 = without(v52, 'personality');
const v63 = { ...v57, trusted_image_certificates: everything.trusted_image_certificates };
const v67 = { ...v63, block_device_mapping_v2: everything.block_device_mapping_v2 };
const v74 = { ...v67, host: everything.host, hypervisor_hostname: everything.hypervisor_hostname };
const v90 = { ...v74, hostname: Optional(Hostname) };
const v94 = { ...v90, hostname: Optional(Fqdn) };

export const createSchema: Versioned = [
  { from: 1, schema: bodyOf(v1) }, { from: 19, schema: bodyOf(v19) }, { from: 32, schema: bodyOf(v32) }, { from: 33, schema: bodyOf(v33) },
  { from: 37, schema: bodyOf(v37) }, { from: 42, schema: bodyOf(v42) }, { from: 52, schema: bodyOf(v52) }, { from: 57, schema: bodyOf(v57) },
  { from: 63, schema: bodyOf(v63) }, { from: 67, schema: bodyOf(v67) }, { from: 74, schema: bodyOf(v74) }, { from: 90, schema: bodyOf(v90) },
  { from: 94, schema: bodyOf(v94) },
];
