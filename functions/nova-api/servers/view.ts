import { hash } from 'node:crypto';
import type { Request } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import { type ComputeNode, isUp } from '../../../shared/objects/compute_node.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { bookmarkOf, linksOf } from '../common/links.ts';
import { addressesOf } from './addresses.ts';
import { statusOf } from './status.ts';

type Asked = Pick<Request, 'baseUrl' | 'version' | 'allowed' | 'context'>;
type Fields = Record<string, unknown>;

/** What a view may need beside the server's own record. */
export interface Beside {
  /** Its host, where the asker may see how that is (2.16). */
  node?: ComputeNode | undefined;
  /** Only a single server's view shows its groups (2.71). */
  single?: boolean;
}

interface Part {
  /** The first minor version that has it. */
  since: number;
  fields: (server: Instance, request: Asked, beside: Beside) => Fields;
}

/** `GET /servers`: id, name and links. */
export const basicServer = (server: Instance, request: Asked): Fields => ({ id: server.uuid, name: server.display_name, links: linksOf(request, 'servers', server.uuid) });

/** A server as `GET /servers/ID` and `GET /servers/detail` show it: every part that the asked version has. */
export const detailedServer = (server: Instance, request: Asked, beside: Beside = {}): Fields =>
  Object.assign({}, ...[...always, ...sometimes].filter(({ since }) => since <= request.version.minor).map(({ fields }) => fields(server, request, beside))) as Fields;

/** The answer to an update: before 2.75 only what Nova's first versions had. */
export const updatedServer = (server: Instance, request: Asked, beside: Beside): Fields =>
  request.version.minor >= 75
    ? detailedServer(server, request, beside)
    : Object.assign({}, ...[core, ...described].filter(({ since }) => since <= request.version.minor).map(({ fields }) => fields(server, request, beside))) as Fields;

/** sha224 of project and host: tells servers of one project on one host, and nothing more. */
export const hostIdOf = ({ project_id, host }: Pick<Instance, 'project_id' | 'host'>) => (host ? hash('sha224', project_id + host) : '');

const inProgress = new Set(['ACTIVE', 'BUILD', 'REBUILD', 'RESIZE', 'VERIFY_RESIZE', 'MIGRATING']);

const core: Part = {
  since: 1,
  fields: (server, request) => {
    const status = statusOf(server);
    return {
      id: server.uuid,
      name: server.display_name,
      status,
      tenant_id: server.project_id,
      user_id: server.user_id,
      metadata: server.metadata,
      hostId: hostIdOf(server),
      image: imageOf(server, request),
      flavor: flavorOf(server, request),
      created: server.created_at,
      updated: server.updated_at,
      addresses: server.vm_state === 'building' ? {} : addressesOf(server),
      accessIPv4: server.access_ip_v4 ?? '',
      accessIPv6: server.access_ip_v6 ?? '',
      links: linksOf(request, 'servers', server.uuid),
      'OS-DCF:diskConfig': server.disk_config,
      ...faultOf(server, status, request),
      ...(inProgress.has(status) && { progress: 0 }),
    };
  },
};

const always: Part[] = [
  core,
  {
    since: 1,
    fields: (server) => ({
      'OS-EXT-AZ:availability_zone': server.host_availability_zone ?? server.availability_zone ?? '',
      config_drive: server.config_drive ? 'True' : '',
      key_name: server.key_name,
      'OS-SRV-USG:launched_at': microseconds(server.launched_at),
      'OS-SRV-USG:terminated_at': microseconds(server.terminated_at),
      'OS-EXT-STS:task_state': server.task_state,
      'OS-EXT-STS:vm_state': server.vm_state,
      'OS-EXT-STS:power_state': server.power_state,
      ...(server.security_groups.length > 0 && { security_groups: server.security_groups.map((name) => ({ name })) }),
    }),
  },
  {
    since: 1,
    fields: (server, request) => ({
      'os-extended-volumes:volumes_attached': server.block_devices
        .filter(({ volume_id }) => volume_id)
        .map(({ volume_id, delete_on_termination }) => ({ id: volume_id, ...(request.version.minor >= 3 && { delete_on_termination }) })),
    }),
  },
  { since: 1, fields: adminOnly((server) => ({ host: server.host, instance_name: instanceNameOf(server), hypervisor_hostname: server.node })) },
  {
    since: 3,
    fields: adminOnly((server) => ({
      hostname: server.hostname, kernel_id: '', launch_index: server.launch_index, ramdisk_id: '', reservation_id: server.reservation_id,
      root_device_name: rootDeviceOf(server), user_data: server.user_data,
    })),
  },
];

/** What later versions added to every view of a server, updates before 2.75 among them. */
const described: Part[] = [
  { since: 9, fields: (server) => ({ locked: server.locked }) },
  { since: 19, fields: (server) => ({ description: server.display_description }) },
  { since: 26, fields: (server) => ({ tags: server.tags }) },
  { since: 63, fields: () => ({ trusted_image_certificates: null }) },
  { since: 71, fields: (_server, _request, { single }) => (single ? { server_groups: [] } : {}) },
  { since: 73, fields: (server) => ({ locked_reason: server.locked_reason }) },
];

const sometimes: Part[] = [
  { since: 16, fields: (server, request, { node }) => (request.allowed('os_compute_api:servers:show:host_status') ? { host_status: hostStatus(server, node) } : {}) },
  ...described,
  { since: 90, fields: (server) => ({ 'OS-EXT-SRV-ATTR:hostname': server.hostname }) },
  { since: 96, fields: (server) => ({ pinned_availability_zone: server.availability_zone }) },
  { since: 100, fields: (server) => ({ scheduler_hints: server.scheduler_hints }) },
];

/** OS-EXT-SRV-ATTR, for those whom the policy lets see where a server runs. */
function adminOnly(attributes: (server: Instance) => Fields): Part['fields'] {
  return (server, request) => (request.allowed('os_compute_api:os-extended-server-attributes') ? Object.fromEntries(Object.entries(attributes(server)).map(([name, value]) => [`OS-EXT-SRV-ATTR:${name}`, value])) : {});
}

export const instanceNameOf = ({ uuid }: Pick<Instance, 'uuid'>) => `instance-${uuid}`;
export const rootDeviceOf = ({ block_devices }: Pick<Instance, 'block_devices'>) => block_devices.find(({ boot_index }) => boot_index === 0)?.device_name ?? null;

/** 2.47 puts the flavor itself in the place of a link to it. */
function flavorOf({ flavor }: Instance, request: Asked): Fields {
  if (request.version.minor < 47) return { id: flavor.flavorid, links: [bookmarkOf(request, 'flavors', flavor.flavorid)] };
  return {
    vcpus: flavor.vcpus, ram: flavor.memory_mb, disk: flavor.root_gb, ephemeral: flavor.ephemeral_gb, swap: flavor.swap, original_name: flavor.name,
    ...(request.allowed('os_compute_api:servers:show:flavor-extra-specs') && { extra_specs: flavor.extra_specs }),
  };
}

/** "" for a server that boots from a volume; 2.98 adds the image's properties that say something about guests. */
function imageOf(server: Instance, request: Asked): Fields | '' {
  if (!server.image_ref) return '';
  return {
    id: server.image_ref,
    links: [bookmarkOf(request, 'images', server.image_ref)],
    ...(request.version.minor >= 98 && { properties: Object.fromEntries(Object.entries(server.image_properties).filter(([name]) => /^(hw_|os_|img_|trait:|architecture$|hypervisor_type$|vm_mode$)/.test(name))) }),
  };
}

function faultOf({ fault }: Instance, status: string, { context }: Asked): Fields {
  if (!fault || (status !== 'ERROR' && status !== 'DELETED')) return {};
  const { code, created, message, details } = fault;
  return { fault: { code, created, message: message.slice(0, 255), ...(details && (isAdmin(context) || code !== 500) && { details }) } };
}

function hostStatus(server: Instance, node: ComputeNode | undefined): string {
  if (!server.host) return '';
  if (!node) return 'UNKNOWN';
  if (node.disabled) return 'MAINTENANCE';
  return isUp(node) ? 'UP' : node.forced_down ? 'DOWN' : 'UNKNOWN';
}

/** As Nova has always written these two: no zone, six digits. */
const microseconds = (at: string | null) => (at ? at.replace(/(\.\d+)?Z$/, '.000000') : null);
