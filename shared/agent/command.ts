import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';

/** Ids that become file names on the host: nothing but a UUID gets that far. */
export const Uuid = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' });

/**
 * What nova-compute asks of a host's agent. A command is an item of nova-compute's journal under the host's own key
 * (`pk: HOST#name`, `sk: COMMAND#time#id`); a ring by SSM tells the agent to look. The agent only reads there; nova-compute
 * takes a command away when its report has come. Commands of one instance are done in order, those of different ones side by side.
 *
 * A command whose `not_after` has passed is refused, and so is one of an older attempt than the agent has seen for the instance:
 * nova-compute may by then have gone to another host.
 */
const Guest = { instance_uuid: Uuid };

export const DiskSource = Type.Union([
  Type.Object({
    type: Type.Literal('image'), image_id: Uuid, location: Type.String(), // s3://bucket/key, fetched with the host's own rights
    size: Type.Integer(), checksum: Type.Union([Type.String(), Type.Null()]), // md5 hex
    disk_format: Type.String(), size_gb: Type.Integer(), // 0: as large as the image
  }),
  Type.Object({ type: Type.Literal('volume'), volume_id: Uuid }),
  Type.Object({
    type: Type.Literal('blank'), size_gb: Type.Integer(), guest_format: Type.Optional(Type.String()),
    size_mb: Type.Optional(Type.Integer()), // exactly, where it is no whole number of GB
  }),
]);
export const Disk = Type.Object({
  device: Type.String(), boot_index: Type.Union([Type.Integer(), Type.Null()]), bus: Type.Optional(Type.String()), tag: Type.Optional(Type.String()), source: DiskSource,
  device_type: Type.Optional(Type.String()), // `cdrom` as asked for; a disk, or what the image's format says, otherwise
});
export type Disk = Static<typeof Disk>;

export const SecurityRule = Type.Object({
  direction: Type.Union([Type.Literal('ingress'), Type.Literal('egress')]), ethertype: Type.String(), protocol: Type.Union([Type.String(), Type.Null()]),
  port_range_min: Type.Union([Type.Integer(), Type.Null()]), port_range_max: Type.Union([Type.Integer(), Type.Null()]),
  remote_ip_prefix: Type.Union([Type.String(), Type.Null()]),
  /** Its members are told to the host once (`refresh_security_group`); until then the rule lets nobody in or out. */
  remote_group_id: Type.Union([Uuid, Type.Null()]),
});
/** Who is in a security group: addresses and CIDRs of its ports. `as_of` (ISO 8601): an older word of it counts for nothing. */
export const GroupMembers = Type.Object({ security_group_id: Uuid, as_of: Type.String(), addresses: Type.Array(Type.String()) });
export type GroupMembers = Static<typeof GroupMembers>;
export const Vif = Type.Object({
  port_id: Uuid, network_id: Type.String(), network_name: Type.String(), mac_address: Type.String(), mtu: Type.Integer(), tag: Type.Optional(Type.String()),
  port_security: Type.Boolean(),
  fixed_ips: Type.Array(Type.Object({
    ip_address: Type.String(), subnet_id: Type.String(), cidr: Type.String(), gateway_ip: Type.Union([Type.String(), Type.Null()]), version: Type.Integer(),
    dns_nameservers: Type.Array(Type.String()), host_routes: Type.Array(Type.Object({ destination: Type.String(), nexthop: Type.String() })), enable_dhcp: Type.Boolean(),
  })),
  security_rules: Type.Array(SecurityRule),
  /** What the port may send from besides its own addresses; `ip_address` may be a CIDR. */
  allowed_address_pairs: Type.Optional(Type.Array(Type.Object({ ip_address: Type.String(), mac_address: Type.String() }))),
  /** Of groups that the rules name: those of which hosts have not been told otherwise, for nobody else is in them. */
  group_members: Type.Optional(Type.Array(GroupMembers)),
});
export type Vif = Static<typeof Vif>;

export const SpawnArgs = Type.Object({
  ...Guest,
  project_id: Type.String(), user_id: Type.String(), name: Type.String(), hostname: Type.String(), launch_index: Type.Integer(),
  flavor: Type.Object({ name: Type.String(), vcpus: Type.Integer(), memory_mb: Type.Integer(), root_gb: Type.Integer(), ephemeral_gb: Type.Integer(), swap: Type.Integer(), extra_specs: Type.Record(Type.String(), Type.String()) }),
  image_properties: Type.Record(Type.String(), Type.Unknown()),
  disks: Type.Array(Disk),
  vifs: Type.Array(Vif),
  config_drive: Type.Boolean(),
  key_name: Type.Union([Type.String(), Type.Null()]), key_data: Type.Union([Type.String(), Type.Null()]),
  user_data: Type.Union([Type.String(), Type.Null()]), // base64
  admin_pass: Type.Optional(Type.String()),
  metadata: Type.Record(Type.String(), Type.String()),
  availability_zone: Type.String(),
  /** Whose signature opens the console: PEM, Ed25519. */
  console_public_key: Type.String(),
});
export type SpawnArgs = Static<typeof SpawnArgs>;

/** Every kind of command with its arguments. */
export const commandArgs = {
  spawn: SpawnArgs,
  /** Leaves nothing of the instance on the host; volumes are only let go of. */
  destroy: Type.Object(Guest),
  stop: Type.Object({ ...Guest, timeout: Type.Integer() }), // seconds that the guest gets to shut down by itself
  start: Type.Object(Guest),
  reboot: Type.Object({ ...Guest, type: Type.Union([Type.Literal('SOFT'), Type.Literal('HARD')]) }),
  pause: Type.Object(Guest),
  unpause: Type.Object(Guest),
  suspend: Type.Object(Guest),
  resume: Type.Object(Guest),
  attach_volume: Type.Object({ ...Guest, disk: Disk }),
  detach_volume: Type.Object({ ...Guest, volume_id: Uuid }),
  attach_interface: Type.Object({ ...Guest, vif: Vif }),
  detach_interface: Type.Object({ ...Guest, port_id: Uuid }),
  /** The interface as it is to be now: security rules, allowed pairs and port security of a port that the guest has. */
  refresh_interface: Type.Object({ ...Guest, vif: Vif }),
  /**
   * Who is in a group now. The host keeps that while one of its ports has a rule that names the group, and not otherwise: the report's
   * `details.kept` says which.
   */
  refresh_security_group: GroupMembers,
  /** What the guest's metadata service is to tell from now on. */
  refresh_metadata: Type.Object({ ...Guest, name: Type.String(), metadata: Type.Record(Type.String(), Type.String()) }),
  create_volume: Type.Object({
    volume_id: Uuid, size_gb: Type.Integer(), source_volume_id: Type.Optional(Uuid),
    image: Type.Optional(Type.Object({ id: Uuid, location: Type.String(), size: Type.Integer(), checksum: Type.Union([Type.String(), Type.Null()]), disk_format: Type.String() })),
  }),
  delete_volume: Type.Object({ volume_id: Uuid }),
} as const;
export type CommandKind = keyof typeof commandArgs;

export type Command = {
  [K in CommandKind]: {
    id: string; // idempotency: a command is done once, however often it is seen
    kind: K;
    /** Instance uuid, volume or security group id: commands with the same subject keep their order. */
    subject: string;
    /**
     * The build's attempt; 0 for what is no build. A destroy with an attempt undoes that attempt, and a later one may still be spawned here;
     * a destroy with 0 is for good: no spawn of the instance is accepted after it.
     */
    attempt: number;
    /** ISO 8601; past it the agent refuses, and undoes a spawn that it could not report. */
    not_after: string;
    args: Static<(typeof commandArgs)[K]>;
  };
}[CommandKind];

/** What all commands have in common, as a schema; `args` are checked by the kind's own. */
export const CommandEnvelope = Type.Object({
  id: Type.String({ pattern: '^[A-Za-z0-9._:~#-]{1,256}$' }), kind: Type.String({ maxLength: 64 }), subject: Uuid, attempt: Type.Integer({ minimum: 0 }),
  not_after: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$' }), args: Type.Object({}),
});
/** A command as it stands in the journal (bytes: `compressed` JSON, for agents that read it); whatever else nova-compute keeps beside it is its own. */
export interface CommandItem { pk: string; sk: string; command: Command | Uint8Array }

export const hostPartition = (host: string) => `HOST#${host}`;
export const COMMAND_PREFIX = 'COMMAND#';
/** Sorts by time of asking. */
export const commandSortKey = (createdAt: Date, id: string) => `${COMMAND_PREFIX}${createdAt.toISOString()}#${id}`;
