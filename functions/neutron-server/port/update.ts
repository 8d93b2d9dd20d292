import { ConditionFailed, StoreBusy } from '../../../shared/store/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { macAddressInUse, portBound, resourceNotFound } from '../errors.ts';
import { enforce, enforceAttributes } from '../http/enforce.ts';
import { requireRevision } from '../http/revision.ts';
import { revised } from '../http/standard.ts';
import { canonicalAddress } from '../ipam/address.ts';
import { HOST_LOCAL, isLocal, leaveHost, networkHost, reachHost, stillHere, type NetworkHost } from '../network/host.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { optimistically } from '../store/mutate.ts';
import type { FixedIp, Network, Port } from '../store/records.ts';
import { find } from '../store/visible.ts';
import { chooser, wantsOf } from './addresses.ts';
import { announceChange } from './announce.ts';
import { addressPairsOf, isNetworkDevice, macOf, mergeDhcpOptions } from './attributes.ts';
import { namedOf, readGrounds, requireGrounds } from './grounds.ts';
import { marksFor, unnamedOf } from './marks.ts';
import type { PortUpdate } from './schema.ts';
import { checkPortSecurity, requireGroups } from './security.ts';
import { transition } from './store.ts';

/** Changes a port; what it newly holds is taken and what it no longer holds is given back in the same write. */
export function updatePort(request: Request, seen: Port, given: PortUpdate): Promise<Port> {
  let first: Port | undefined = seen;
  return optimistically(async () => {
    const before = first ?? (await find('port', seen.id));
    first = undefined;
    if (!before) throw resourceNotFound('port', seen.id);
    requireRevision(request, before);
    const newGroups = (given.security_groups ?? []).filter((id) => !before.security_groups.includes(id));
    const { network, host, groups, named } = await readGrounds({ network: before.network_id, groups: [...new Set([...before.security_groups, ...newGroups])] });
    if (!network) throw resourceNotFound('network', before.network_id);
    authorize(request, given, before, network);
    requireGroups(request.context, newGroups, groups);
    return write(before, changed(before, given), network, given, { named, host });
  });
}

function authorize(request: Request, given: PortUpdate, port: Port, network: Network): void {
  enforce(request, 'update_port', port);
  if (given.fixed_ips) enforce(request, 'update_port:fixed_ips', network);
  if (given.device_owner && isNetworkDevice(given.device_owner)) enforce(request, 'update_port:device_owner', network);
  enforceAttributes(request, 'update_port', given, ['port_security_enabled', 'allowed_address_pairs'], network);
  enforceAttributes(request, 'update_port', given, ['mac_address', 'binding:host_id', 'binding:profile'], port);
}

function changed(before: Port, given: PortUpdate): Port {
  const mac_address = given.mac_address === undefined ? before.mac_address : macOf(given.mac_address);
  if (mac_address !== before.mac_address && before['binding:host_id']) throw portBound(before.id, 'bridge', before.mac_address, mac_address);
  const after: Port = {
    ...revised(before),
    name: given.name ?? before.name,
    description: given.description ?? before.description,
    admin_state_up: given.admin_state_up ?? before.admin_state_up,
    mac_address,
    device_id: given.device_id ?? before.device_id,
    device_owner: given.device_owner ?? before.device_owner,
    security_groups: given.security_groups === undefined ? before.security_groups : (given.security_groups ?? []),
    allowed_address_pairs: given.allowed_address_pairs === undefined ? before.allowed_address_pairs : addressPairsOf(given.allowed_address_pairs ?? [], mac_address),
    extra_dhcp_opts: given.extra_dhcp_opts === undefined ? before.extra_dhcp_opts : mergeDhcpOptions(before.extra_dhcp_opts, given.extra_dhcp_opts),
    port_security_enabled: given.port_security_enabled ?? before.port_security_enabled,
    dns_name: (given.dns_name ?? before.dns_name).toLowerCase(),
    'binding:host_id': given['binding:host_id'] === undefined ? before['binding:host_id'] : (given['binding:host_id'] ?? ''),
    'binding:profile': given['binding:profile'] === undefined ? { ...before['binding:profile'] } : { ...given['binding:profile'] },
  };
  if (after['binding:host_id'] === '') delete after['binding:profile'][HOST_LOCAL]; // it was said of the host
  checkPortSecurity(after, given.security_groups !== undefined);
  return after;
}

/** Addresses that the port has and that the request names again, or whose subnet it names, stay. */
function keptAddresses(before: FixedIp[], wanted: NonNullable<PortUpdate['fixed_ips']>) {
  const left = [...before];
  const keep: FixedIp[] = [];
  const open = wanted.filter(({ subnet_id, ip_address }) => {
    const address = ip_address === undefined ? undefined : canonicalAddress(ip_address);
    const i = left.findIndex((ip) => (subnet_id === undefined || ip.subnet_id === subnet_id) && (ip_address === undefined || ip.ip_address === address));
    if (i >= 0) keep.push(...left.splice(i, 1));
    return i < 0;
  });
  return { keep, open };
}

async function write(before: Port, draft: Port, network: Network, given: PortUpdate, { named, host }: { named: Set<string>; host: NetworkHost | undefined }): Promise<Port> {
  const moves = draft['binding:host_id'] !== before['binding:host_id'] || isLocal(draft) !== isLocal(before);
  if (moves) await reachHost(network, draft, host);
  const { keep, open } = given.fixed_ips ? keptAddresses(before.fixed_ips, given.fixed_ips) : { keep: given.fixed_ips === null ? [] : before.fixed_ips, open: [] };
  const addresses = chooser(network, wantsOf(network, open), keep);
  for (;;) {
    const after = { ...draft, fixed_ips: addresses.choose(draft.mac_address) };
    const marks = marksFor(before, after, named);
    const clash = await transition(before, after, marks);
    if (clash?.of === 'port') throw new ConditionFailed(); // another change came first: look again
    if (clash?.of === 'mac') throw macAddressInUse(network.id, after.mac_address);
    if (clash) await addresses.learn(clash);
    else {
      await requireStill(before, after);
      if (moves && isLocal(after)) await stillHere(network, after, await networkHost(network.id)).catch((error: unknown) => takeBack(before, after, error));
      if (moves) await leaveHost(before, after).catch((error: unknown) => log.warn('a network is not given up', { port: after.id, ...factsOf(error) }));
      const since = await namedOf(after, unnamedOf(before, after, named));
      await announceChange(after, marks, [...marks, ...marksFor(before, after, since.named)]);
      return after;
    }
  }
}

/** Takes the change back where what it newly stands on went away meanwhile. */
async function requireStill(before: Port, after: Port): Promise<void> {
  const newAddress = after.fixed_ips.some(({ ip_address }) => !before.fixed_ips.some((ip) => ip.ip_address === ip_address));
  const newGroup = after.security_groups.some((id) => !before.security_groups.includes(id));
  if (!newAddress && !newGroup) return;
  try {
    await requireGrounds(after);
  } catch (error) {
    await takeBack(before, after, error);
  }
}

async function takeBack(before: Port, after: Port, error: unknown): Promise<never> {
  if (await transition(after, { ...before, revision_number: after.revision_number + 1 })) throw new StoreBusy('the port changed while its change was taken back', { cause: error });
  throw error;
}
