import type { Request } from '../../../shared/http/route.ts';
import { PACKED } from '../../../shared/store/packing.ts';

const shown = [
  PACKED, 'access_ip_v4', 'access_ip_v6', 'availability_zone', 'block_devices', 'config_drive', 'created_at', 'disk_config', 'display_description', 'display_name', 'fault', 'flavor', 'host',
  'host_availability_zone', 'hostname', 'image_properties', 'image_ref', 'interfaces', 'key_name', 'launch_index', 'launched_at', 'locked', 'locked_by', 'locked_reason', 'metadata', 'node',
  'power_state', 'project_id', 'reservation_id', 'scheduler_hints', 'security_groups', 'tags', 'task_state', 'terminated_at', 'updated_at', 'user_id', 'uuid', 'vm_state',
];

/**
 * What lists read of a server's record: all that a view, a filter or an order looks at (shown.test.ts holds it). The other half of its attributes is the
 * cloud's own bookkeeping, and reading it would take as long again. What is packed may also stand beside that, once it was changed. User data, which may
 * be 64 KB, is shown to few.
 */
export const shownTo = ({ allowed }: Pick<Request, 'allowed'>): string[] => (allowed('os_compute_api:os-extended-server-attributes') ? [...shown, 'user_data'] : shown);

/** What a list of names shows, and sorts by on its own. */
export const basicAttributes = [PACKED, 'uuid', 'display_name', 'vm_state', 'created_at', 'updated_at', 'launch_index'];
