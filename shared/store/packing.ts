/**
 * Each leaf of a list or a map is a typed value of its own in DynamoDB's JSON (`{"S": "…"}`), made and read several times on its way, and each
 * attribute costs nearly as much. What nobody looks for inside of the database is kept there as text, so that a list of servers takes half of the
 * time; or, of records that no list reads, as bytes (../compression.ts), so that they are paid for by fewer kilobytes.
 *
 * What is kept so can't be named in conditions, filters and nested changes. Records that were written otherwise are read as well.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { convertToNative } from '@aws-sdk/util-dynamodb';
import type { TableName } from '../deployment/declaration.ts';
import { compressed, decompressed, HOSTS } from '../compression.ts';
import type { ComputeNode } from '../objects/compute_node.ts';
import type { Instance } from '../objects/instance.ts';
import type { Item } from './table.ts';

interface Form {
  /** Objects and lists that change, always as a whole, by themselves: each is an attribute of text. */
  texts?: readonly string[];
  /** The same, but of bytes; by a dictionary of its own. */
  compressed?: readonly string[];
  dictionary?: number;
  /** What a new record has in one attribute, for it hardly ever changes. A later change puts it beside that, where it stands for the one inside. */
  packed?: readonly string[];
  /** What a new record has without saying so. Never to be changed, for what is in the table was written by it. */
  usual?: Item;
}

/** The attribute that holds others. */
export const PACKED = 'packed';

const forms: Partial<Record<TableName, Form>> = {
  nova: {
    texts: ['alternates', 'block_devices', 'interfaces'] satisfies (keyof Instance)[],
    // what a launch asked for, and what users may say of a server later. Not what a user brings along, which may be 64 KB: a list of names needs to read this
    packed: [
      'uuid', 'project_id', 'user_id', 'display_name', 'display_description', 'hostname', 'reservation_id', 'launch_index', 'created_at', 'terminated_at', 'availability_zone', 'network_hosts',
      'flavor', 'image_ref', 'image_properties', 'key_name', 'key_data', 'config_drive', 'metadata', 'tags', 'security_groups', 'requested_networks', 'scheduler_hints',
      'forced_host', 'forced_node', 'access_ip_v4', 'access_ip_v6', 'disk_config', 'locked', 'locked_reason', 'create_request_id', 'create_global_request_id',
    ] satisfies (keyof Instance)[],
    usual: {
      display_description: null, launch_index: 0, terminated_at: null, availability_zone: null, key_name: null, key_data: null, user_data: null, config_drive: false,
      access_ip_v4: null, access_ip_v6: null, locked: false, locked_reason: null,
    } satisfies Partial<Instance>,
    // of a host, whose record each claim and each heartbeat writes, with its copy in the index of changes; of a real one these are 2 of 3 KB
    compressed: ['cpu_info', 'supported_instances', 'traits'] satisfies (keyof ComputeNode)[],
    dictionary: HOSTS,
  },
  // nearly all that a record of the journal holds, which a launch writes three times and no list reads
  'nova-compute': { compressed: ['context', 'instance', 'steps', 'interfaces', 'block_devices'] },
};

/** A new record of the kind whose form the table has, as it is to be put there. */
export function pack<T extends Item>(which: TableName, record: T): Item & Pick<T, 'pk' | 'sk'> {
  const { packed = [], usual = {} } = forms[which] ?? {};
  const said = Object.entries(record).filter(([name, value]) => !Object.hasOwn(usual, name) || usual[name] !== value);
  const part = (inside: boolean) => Object.fromEntries(said.filter(([name]) => packed.includes(name) === inside));
  return { ...(part(false) as Pick<T, 'pk' | 'sk'>), [PACKED]: JSON.stringify(part(true)) };
}

/** Attributes as the table keeps them. */
export function kept<T extends Item>(which: TableName, attributes: T): T {
  const { texts = [], compressed: small = [], dictionary } = forms[which] ?? {};
  const among = (names: readonly string[], written: (value: unknown) => unknown) => names.filter((name) => attributes[name] !== undefined).map((name) => [name, written(attributes[name])] as const);
  const changed = [...among(texts, JSON.stringify), ...among(small, (value) => compressed(value, dictionary))];
  return changed.length === 0 ? attributes : { ...attributes, ...Object.fromEntries(changed) };
}

/**
 * A record from what the table keeps; a part of it has what is packed only where that was asked for. Attributes are read in one order, whatever the
 * engine's: objects that got their names in the same order share their shape, and a thousand shapes take three times as long.
 */
export function unpacked<T extends Item>(which: TableName, item: Record<string, AttributeValue>): T {
  const form = forms[which];
  const record: Item = item[PACKED]?.S === undefined ? {} : { ...form?.usual, ...JSON.parse(item[PACKED].S) };
  for (const name of Object.keys(item).sort()) if (name !== PACKED) record[name] = read(form, name, native(item[name]!));
  return record as T;
}

/** What nearly all attributes are, without the library's look at each kind that there is. */
const native = (value: AttributeValue): unknown => value.S ?? (value.NULL ? null : convertToNative(value));

function read(form: Form | undefined, name: string, value: unknown): unknown {
  if (typeof value === 'string' && form?.texts?.includes(name)) return JSON.parse(value);
  return value instanceof Uint8Array && form?.compressed?.includes(name) ? decompressed(value) : value;
}
