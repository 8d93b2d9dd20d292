import * as Type from '@sinclair/typebox';
import type { Versioned } from '../../../shared/http/route.ts';
import { pageParameters } from '../common/paging.ts';
import { Many, Query } from '../common/types.ts';

const Text = Many(Type.String());
const Regex = Many(Type.String({ format: 'regex' }));

/** Sort keys that mean something, by the record's attribute. */
export const sortKeys: Record<string, string> = {
  access_ip_v4: 'access_ip_v4', access_ip_v6: 'access_ip_v6', auto_disk_config: 'disk_config', availability_zone: 'availability_zone', config_drive: 'config_drive',
  created_at: 'created_at', display_description: 'display_description', display_name: 'display_name', host: 'host', hostname: 'hostname', image_ref: 'image_ref',
  instance_type_id: 'flavor.flavorid', kernel_id: '', key_name: 'key_name', launch_index: 'launch_index', launched_at: 'launched_at', locked_by: 'locked_by', node: 'node',
  power_state: 'power_state', progress: '', project_id: 'project_id', ramdisk_id: '', root_device_name: '', task_state: 'task_state', terminated_at: 'terminated_at',
  updated_at: 'updated_at', user_id: 'user_id', uuid: 'uuid', vm_state: 'vm_state',
};
/** Taken and without effect, as Nova's first versions let them pass; refused from 2.75 on. */
const ignoredSortKeys = [
  'architecture', 'cell_name', 'cleaned', 'default_ephemeral_device', 'default_swap_device', 'deleted', 'deleted_at', 'disable_terminate', 'ephemeral_gb',
  'ephemeral_key_uuid', 'id', 'key_data', 'launched_on', 'locked', 'memory_mb', 'os_type', 'reservation_id', 'root_gb', 'shutdown_terminate', 'user_data', 'vcpus', 'vm_mode',
];
const sortKey = (names: string[]) => Many(Type.Unsafe<string>({ type: 'string', enum: names }));

const base = {
  ...pageParameters,
  user_id: Text, project_id: Text, tenant_id: Text, launch_index: Text, image_ref: Text, image: Text, kernel_id: Regex, ramdisk_id: Regex, hostname: Regex, key_name: Regex,
  power_state: Regex, vm_state: Text, task_state: Text, host: Text, node: Regex, flavor: Regex, reservation_id: Regex, launched_at: Regex, terminated_at: Regex,
  availability_zone: Regex, name: Regex, display_name: Regex, description: Regex, display_description: Regex, locked_by: Regex, uuid: Text, root_device_name: Regex,
  config_drive: Regex, access_ip_v4: Regex, access_ip_v6: Regex, auto_disk_config: Regex, progress: Regex, sort_dir: Text, all_tenants: Text, soft_deleted: Text,
  deleted: Text, status: Text, 'changes-since': Text, ip: Regex, ip6: Regex, created_at: Regex,
  block_device_mapping: Text, services: Text, metadata: Text, system_metadata: Text, info_cache: Text, security_groups: Text, pci_devices: Text,
  sort_key: sortKey([...Object.keys(sortKeys), ...ignoredSortKeys]),
};
const v26 = { ...base, tags: Regex, 'tags-any': Regex, 'not-tags': Regex, 'not-tags-any': Regex };
const v66 = { ...v26, 'changes-before': Text };
const v73 = { ...v66, locked: Text };
const v75 = { ...v73, sort_key: sortKey([...Object.keys(sortKeys), 'locked']) };

export const listSchema: Versioned = [
  { from: 1, schema: Query(base) }, { from: 26, schema: Query(v26) }, { from: 66, schema: Query(v66) }, { from: 73, schema: Query(v73) }, { from: 75, schema: Query(v75, { strict: true }) },
];
