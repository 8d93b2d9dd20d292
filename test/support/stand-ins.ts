/** Stand-ins for glance-api, neutron-server and cinder-api: just enough of each, in memory, to see what nova-compute makes and leaves. */
import { randomUUID } from 'node:crypto';
import type { StandIn } from '../service/rig.ts';

interface Port { id: string; network_id: string; device_id: string; device_owner: string; mac_address: string; fixed_ips: { subnet_id: string; ip_address: string }[]; security_groups: string[]; project_id: string; revision_number?: number; [name: string]: unknown }
interface Volume { id: string; status: string; size: number; attachments: string[]; [name: string]: unknown }
interface Attachment { id: string; volume_id: string; instance: string; status: string }

const subnetId = '33333333-2222-4333-8444-555555555555';
/** The project's default group. */
export const groupId = '44444444-2222-4333-8444-555555555555';

export function cloudOfStandIns({ project, imageId, networkId }: { project: string; imageId: string; networkId: string }) {
  const ports = new Map<string, Port>();
  const volumes = new Map<string, Volume>();
  const attachments = new Map<string, Attachment>();
  const keys = new Map<string, string>();
  const events: { type: string; instance_id: string; [name: string]: unknown }[] = [];
  /** Refusals asked for by a test: path prefix and method to status and body. */
  const refusals: { method: string; path: RegExp; status: number; message: string; type?: string }[] = [];
  let made = 0;
  const state = { rings: 0, volumeStatus: 'available', rules: [] as unknown[], asOf: [] as string[], alone: [] as { security_group_id: string; addresses: string[] }[], members: undefined as { addresses: string[]; hosts: string[] } | undefined };
  const reply = (body: unknown, status = 200) => ({ status, body });
  const gone = (what: string) => ({ status: 404, body: { itemNotFound: { code: 404, message: `${what} could not be found.` } } });

  const answer: StandIn = ({ method, path, body, headers }) => {
    const url = new URL(path, 'http://cloud');
    const refusal = refusals.find((each) => each.method === method && each.path.test(url.pathname));
    if (refusal) return { status: refusal.status, body: { fault: { code: refusal.status, message: refusal.message, ...(refusal.type && { type: refusal.type }) } } };
    const [, service, , collection, id, extra] = url.pathname.replace(/^\/volume\/v3\/[^/]+\/volumes$/, '/volume/v3/volumes').split('/');
    const given = headers['x-novaless-idempotency-key'];
    const key = given && `${service} ${given}`;
    if (service === 'image') return id === imageId
      ? reply({ id, status: 'active', size: 1000, checksum: 'c'.repeat(32), disk_format: 'qcow2', direct_url: `s3://images/${id}` }) : gone(`image ${id}`);
    if (service === 'network') return network(method, collection!, id, url, body, key, headers['if-match']);
    if (service === 'volume') return volume(method, collection!, id, extra, url, body, key);
    return undefined;
  };

  function network(method: string, collection: string, id: string | undefined, url: URL, body: any, key: string | undefined, match: string | undefined) {
    const surroundings = { name: 'private', mtu: 1450, subnets: [{ id: subnetId, cidr: '10.0.0.0/16', ip_version: 4, gateway_ip: '10.0.0.1', enable_dhcp: true, dns_nameservers: [], host_routes: [] }] };
    if (collection === 'networks') return reply({ networks: [{ id: networkId, name: 'private', mtu: 1450, shared: false, project_id: project, 'router:external': false }] });
    if (collection === 'security-groups' && id) {
      const members = state.members;
      return members ? reply({ security_group: { 'binding:members': { as_of: state.asOf.shift() ?? new Date().toISOString(), ...members } } }) : gone(`Security group ${id}`);
    }
    if (collection === 'security-groups') return reply({ security_groups: [{ id: groupId, name: 'default', project_id: project, security_group_rules: [] }] });
    const shown = (port: Port) => (port['binding:host_id'] ? { revision_number: 1, ...port, 'binding:filter': { as_of: state.asOf.shift() ?? new Date().toISOString(), rules: state.rules, members: state.alone }, 'binding:network': surroundings } : { revision_number: 1, ...port });
    if (method === 'POST') {
      const known = key && ports.get(keys.get(key) ?? '');
      if (known) return reply({ port: shown(known) }, 201);
      made++;
      const port: Port = { device_owner: '', fixed_ips: [{ subnet_id: subnetId, ip_address: `10.0.${made >> 8}.${made & 255}` }], security_groups: [groupId], mac_address: `fa:16:3e:00:00:${(made & 255).toString(16).padStart(2, '0')}`, ...body.port, id: randomUUID() };
      ports.set(port.id, port);
      if (key) keys.set(key, port.id);
      return reply({ port: shown(port) }, 201);
    }
    const ids = url.searchParams.getAll('id');
    if (!id && ids.length) return reply({ ports: ids.flatMap((each) => ports.get(each) ?? []).map(shown) });
    if (!id) return reply({ ports: [...ports.values()].filter(({ device_id }) => device_id === url.searchParams.get('device_id')) });
    const port = ports.get(id);
    if (!port) return gone(`Port ${id}`);
    if (method === 'DELETE') return ports.delete(id), reply(undefined, 204);
    const { revision_number = 1 } = port;
    if (method === 'PUT' && match !== undefined && match !== `revision_number=${revision_number}`) return { status: 412, body: { NeutronError: { type: 'RevisionNumberConstraintFailed', message: 'it changed', detail: '' } } };
    if (method === 'PUT') Object.assign(port, body.port, { revision_number: revision_number + 1 });
    return reply({ port: shown(port) });
  }

  function volume(method: string, collection: string, id: string | undefined, extra: string | undefined, url: URL, body: any, key: string | undefined) {
    if (collection === 'volumes') {
      if (method === 'POST') {
        const known = key && volumes.get(keys.get(key) ?? '');
        if (known) return reply({ volume: known }, 202);
        const made: Volume = { ...body.volume, id: randomUUID(), status: state.volumeStatus, attachments: [] };
        volumes.set(made.id, made);
        if (key) keys.set(key, made.id);
        return reply({ volume: made }, 202);
      }
      const found = volumes.get(id!);
      if (!found) return gone(`Volume ${id}`);
      if (method === 'DELETE') return volumes.delete(id!), reply(undefined, 202);
      return reply({ volume: found });
    }
    if (!id && method === 'GET') return reply({ attachments: [...attachments.values()].filter(({ instance }) => instance === url.searchParams.get('instance_id')) });
    if (!id) {
      const known = key && attachments.get(keys.get(key) ?? '');
      if (known) return reply({ attachment: known });
      const { volume_uuid, instance_uuid } = body.attachment;
      const there = [...attachments.values()].find((each) => each.volume_id === volume_uuid);
      if (there) return { status: 409, body: { conflictingRequest: { code: 409, message: `Volume ${volume_uuid} is in use.` } } };
      const attachment: Attachment = { id: randomUUID(), volume_id: volume_uuid, instance: instance_uuid, status: 'attaching' };
      attachments.set(attachment.id, attachment);
      if (key) keys.set(key, attachment.id);
      return reply({ attachment });
    }
    const found = attachments.get(id);
    if (!found) return gone(`Attachment ${id}`);
    if (method === 'DELETE') return attachments.delete(id), reply({ attachments: [] });
    if (extra === 'action') found.status = 'attached';
    return reply({ attachment: found });
  }

  return {
    ports, volumes, attachments, events, refusals, answer,
    get rings() { return state.rings; },
    set rings(count: number) { state.rings = count; },
    /** What every port's host is to enforce from here on. */
    set rules(rules: unknown[]) { state.rules = rules; },
    /** The groups in which nobody but a port that is made from here on is. */
    set alone(groups: { security_group_id: string; addresses: string[] }[]) { state.alone = groups; },
    /** Who is in every group from here on, and which hosts have to know; undefined: there is no such group. */
    set members(members: { addresses: string[]; hosts: string[] } | undefined) { state.members = members; },
    /** As of when the next answers about ports and groups say they are; then the time itself. */
    set asOf(times: string[]) { state.asOf = times; },
    /** Of volumes made from here on. */
    set volumeStatus(status: string) { state.volumeStatus = status; },
    forget() {
      events.length = 0;
      state.rings = 0;
    },
  };
}
