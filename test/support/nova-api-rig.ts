/** nova-api on real engines, with what it asks of the image, network and volume services answered out of memory. */
import { randomUUID } from 'node:crypto';
import { type ComputeNode, computeNodeKey, hostsChanged } from '../../shared/objects/compute_node.ts';
import { claimOf } from '../../shared/objects/claim.ts';
import { deletionWrites } from '../../shared/objects/deletion.ts';
import { type Instance, instanceKey } from '../../shared/objects/instance.ts';
import { table } from '../../shared/store/table.ts';
import { adminToken, caller, startRig, token } from '../service/rig.ts';

export const ids = {
  image: '11111111-1111-4111-8111-111111111111', queued: '11111111-1111-4111-8111-222222222222', large: '11111111-1111-4111-8111-333333333333',
  network: '22222222-2222-4222-8222-111111111111', other: '22222222-2222-4222-8222-222222222222', external: '22222222-2222-4222-8222-333333333333', bare: '22222222-2222-4222-8222-444444444444',
  port: '33333333-3333-4333-8333-111111111111', usedPort: '33333333-3333-4333-8333-222222222222',
  volume: '44444444-4444-4444-8444-111111111111', usedVolume: '44444444-4444-4444-8444-222222222222', farVolume: '44444444-4444-4444-8444-333333333333', bootable: '44444444-4444-4444-8444-444444444444',
  snapshot: '55555555-5555-4555-8555-111111111111', farSnapshot: '55555555-5555-4555-8555-222222222222', newSnapshot: '55555555-5555-4555-8555-333333333333',
};
const missing = (what: string) => ({ status: 404, body: { itemNotFound: { code: 404, message: `${what} could not be found.` } } });

export async function startNovaApiRig() {
  const rig = await startRig();
  const nova = caller((await import('../../functions/nova-api/http.ts')).handler);
  const store = table('nova');
  const attachments = new Map<string, { volume_id: string; instance: string }>();
  const ports: Record<string, any> = {
    [ids.port]: { id: ids.port, network_id: ids.network, tenant_id: 'mine', device_id: '', mac_address: 'fa:16:3e:00:00:01', status: 'DOWN', fixed_ips: [{ subnet_id: 's', ip_address: '10.0.0.9' }], security_groups: ['g1'] },
    [ids.usedPort]: { id: ids.usedPort, network_id: ids.network, tenant_id: 'mine', device_id: 'somebody', mac_address: 'fa:16:3e:00:00:02', status: 'ACTIVE', fixed_ips: [{ subnet_id: 's', ip_address: '10.0.0.10' }], security_groups: ['g1'] },
  };
  const world = {
    networks: [
      { id: ids.network, name: 'private', tenant_id: 'mine', shared: false, 'router:external': false, subnets: ['s'], admin_state_up: true },
    ] as any[],
    ports,
    attachments,
    groups: [{ id: 'g1', name: 'default', tenant_id: 'mine', description: '' }, { id: 'g2', name: 'web', tenant_id: 'mine', description: '', security_group_rules: [{ id: 'r', direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', port_range_min: 22, port_range_max: 22, remote_ip_prefix: null, remote_group_id: null, security_group_id: 'g2', tenant_id: 'mine' }] }] as any[],
    /** REST requests by path and method. */
    asked: [] as string[],
  };
  const allNetworks = () => [
    ...world.networks,
    { id: ids.external, name: 'public', tenant_id: 'admins', shared: false, 'router:external': true, subnets: ['x'], admin_state_up: true },
    { id: ids.bare, name: 'bare', tenant_id: 'mine', shared: false, 'router:external': false, subnets: [], admin_state_up: true },
  ];
  const images: Record<string, object> = {
    [ids.image]: { status: 'active', size: 1000, min_disk: 0, min_ram: 0, hw_disk_bus: 'virtio', os_distro: 'centos', nonsense: 'x' },
    [ids.queued]: { status: 'queued', size: null, min_disk: 0, min_ram: 0 },
    [ids.large]: { status: 'active', size: 3 * 1024 ** 3, min_disk: 5, min_ram: 1024 },
  };
  const volume = (id: string, more: object = {}) => ({ id, status: 'available', size: 2, bootable: 'false', 'os-vol-host-attr:host': 'compute-1', attachments: [], ...more });
  const volumes: Record<string, object> = {
    [ids.volume]: volume(ids.volume), [ids.usedVolume]: volume(ids.usedVolume, { status: 'in-use' }), [ids.farVolume]: volume(ids.farVolume, { 'os-vol-host-attr:host': 'compute-2' }),
    [ids.bootable]: volume(ids.bootable, { bootable: 'true', volume_image_metadata: { image_id: ids.image, hw_disk_bus: 'scsi' } }),
  };
  const snapshot = (more: object = {}) => ({ status: 'available', size: 3, 'os-vol-host-attr:host': 'compute-1', ...more });
  const snapshots: Record<string, object> = { [ids.snapshot]: snapshot(), [ids.farSnapshot]: snapshot({ 'os-vol-host-attr:host': 'compute-2' }), [ids.newSnapshot]: snapshot({ status: 'creating' }) };
  rig.standIns.push(({ method, path, body }) => {
    const url = new URL(path, 'http://rig');
    const [, service, , collection, id] = url.pathname.split('/');
    const ok = (answer: unknown) => ({ status: 200, body: answer });
    const wanted = (name: string) => url.searchParams.getAll(name);
    if (['image', 'network', 'volume'].includes(service!)) world.asked.push(`${method} ${service}/${collection}`);
    if (service === 'image') return images[id!] ? ok({ id, ...images[id!] }) : missing(`image ${id}`);
    if (service === 'volume' && collection === 'volumes') return volumes[id!] ? ok({ volume: { ...volumes[id!], ...([...attachments.values()].some((each) => each.volume_id === id) && { status: 'reserved' }) } }) : missing(`volume ${id}`);
    if (service === 'volume' && collection === 'snapshots') return snapshots[id!] ? ok({ snapshot: { id, ...snapshots[id!] } }) : missing(`snapshot ${id}`);
    if (service === 'volume' && collection === 'types') return ok({ volume_types: [{ id: 't1', name: 'fast' }] });
    if (service === 'volume' && collection === 'attachments' && method === 'POST') {
      const made = randomUUID();
      attachments.set(made, { volume_id: body.attachment.volume_uuid, instance: body.attachment.instance_uuid });
      return ok({ attachment: { id: made } });
    }
    if (service === 'volume' && collection === 'attachments' && method === 'GET')
      return ok({ attachments: [...attachments].filter(([, { instance }]) => instance === url.searchParams.get('instance_id')).map(([made, each]) => ({ id: made, ...each, status: 'reserved' })) });
    if (service === 'volume' && collection === 'attachments') return attachments.delete(id!), ok({ attachments: [] });
    if (service !== 'network') return undefined;
    if (collection === 'networks') {
      const found = allNetworks().filter((each) => (wanted('id').length ? wanted('id').includes(each.id) : world.networks.includes(each)))
        .filter((each) => (url.searchParams.has('shared') ? String(each.shared) === url.searchParams.get('shared') : true));
      return ok({ networks: found });
    }
    if (collection === 'subnets') return ok({ subnets: [{ id: 's', network_id: ids.network, cidr: '10.0.0.0/24', ip_version: 4 }] });
    if (collection === 'security-groups') return ok({ security_groups: world.groups });
    if (method === 'POST') {
      const port = { ...ports[ids.port], id: randomUUID(), ...body.port };
      ports[port.id] = port;
      return { status: 201, body: { port } };
    }
    if (method === 'PUT') return ok({ port: Object.assign(ports[id!], body.port) });
    if (method === 'DELETE') return delete ports[id!], { status: 204 };
    const address = wanted('fixed_ips')[0]?.replace('ip_address=', '');
    return ok({ ports: Object.values(ports).filter((port) => (wanted('id').length ? wanted('id').includes(port.id) : true))
      .filter((port) => (url.searchParams.has('device_id') ? port.device_id === url.searchParams.get('device_id') : true))
      .filter((port) => (address ? port.fixed_ips.some((ip: any) => ip.ip_address === address) : true)) });
  });

  const mine = token('mine');
  const call = (method: string, path: string, { as = mine, minor = 1, body }: { as?: string; minor?: number; body?: unknown } = {}) =>
    nova(method, `/compute/v2.1${path}`, { token: as, headers: { 'OpenStack-API-Version': `compute 2.${minor}` }, ...(body !== undefined && { body }) });
  const flavor = (name: string, more: object = {}) => call('POST', '/flavors', { as: adminToken, body: { flavor: { name, ram: 512, vcpus: 1, disk: 1, id: name, ...more } } });
  await Promise.all([flavor('tiny', { disk: 1 }), flavor('small', { ram: 2048, disk: 20 }), flavor('diskless', { disk: 0 }), flavor('thin', { ram: 2048 })]);
  const node = (host: string, more: Partial<ComputeNode> = {}) => store.put({
    ...computeNodeKey(host), host, uuid: randomUUID(), legacy_id: Number(host.at(-1)), availability_zone: 'nova', vcpus: 8, memory_mb: 8192, local_gb: 100, vcpus_used: 0, memory_mb_used: 0, local_gb_used: 0,
    running_vms: 0, disabled: false, disabled_reason: null, forced_down: false, last_seen_up: new Date().toISOString(), console_url: 'http://console.example', ...hostsChanged(host), ...more,
  });
  await Promise.all([node('compute-1'), node('compute-2')]);

  return {
    rig, nova, store, world, mine, call,
    launch: (server: object = {}, { minor = 1, as = mine, ...more }: { minor?: number; as?: string } & Record<string, unknown> = {}) =>
      call('POST', '/servers', { as, minor, body: { server: { name: 'vm', flavorRef: 'tiny', imageRef: ids.image, ...(minor >= 37 && { networks: 'auto' }), ...server }, ...more } }),
    record: (id: string, project = 'mine') => store.get<Instance>(instanceKey(project, id)),
    /** As nova-conductor leaves a record after a deletion. */
    deleted: async (id: string, project = 'mine') => store.transact(deletionWrites((await store.get<Instance>(instanceKey(project, id)))!)),
    /** As nova-conductor leaves a record after a build that went well. */
    active: async (id: string, more: object = {}, project = 'mine') => {
      const instance = await store.update<Instance>(instanceKey(project, id), {
        set: {
          vm_state: 'active', task_state: null, power_state: 1, launched_at: '2026-01-31T12:00:00Z', host: 'compute-1', node: 'compute-1', host_availability_zone: 'nova',
          interfaces: [{ port_id: ids.usedPort, network_id: ids.network, network_label: 'private', mac_address: 'fa:16:3e:00:00:02', created_by_nova: true, fixed_ips: [{ subnet_id: 's', ip_address: '10.0.0.10', version: 4 }] }], ...more,
        },
        remove: ['due_pk', 'due_at'],
      });
      if (instance.host) await store.put(claimOf(instance, instance.host, 1));
      return instance;
    },
    stop: () => rig.stop(),
  };
}
export type NovaApiRig = Awaited<ReturnType<typeof startNovaApiRig>>;
