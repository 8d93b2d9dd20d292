import { randomUUID } from 'node:crypto';
import { StoreBusy } from '../../../shared/store/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { conflict, HttpError } from '../../../shared/http/errors.ts';
import { macAddressInUse, policyNotAuthorized, resourceNotFound } from '../errors.ts';
import { enforce, enforceAttributes } from '../http/enforce.ts';
import { ownerOf } from '../http/owner.ts';
import { newStandard } from '../http/standard.ts';
import { defaultSecurityGroupId, derivedId } from '../ids.ts';
import { generateMac } from '../ipam/mac.ts';
import { isRefusal } from '../quota/counted.ts';
import { giveBack, take } from '../quota/usage.ts';
import { ensureDefaultSecurityGroup } from '../security-group/defaults.ts';
import { isMarked } from '../store/deletion.ts';
import { reachHost, stillHere } from '../network/host.ts';
import type { Mark } from '../refresh/mark.ts';
import { fewMembersOf } from '../security-group/members.ts';
import type { Network, Port, SecurityGroup } from '../store/records.ts';
import { find, sees } from '../store/visible.ts';
import { chooser, wantsOf } from './addresses.ts';
import { announce, likelyNeeded } from './announce.ts';
import { addressPairsOf, isNetworkDevice, macOf, mergeDhcpOptions } from './attributes.ts';
import type { Addresses } from './filter.ts';
import { type Grounds, namesItself, readGrounds, recentGrounds, requireGrounds } from './grounds.ts';
import { marksFor } from './marks.ts';
import { removePort } from './remove.ts';
import type { PortCreate } from './schema.ts';
import { checkPortSecurity, requireGroups } from './security.ts';
import { transition } from './store.ts';

/** A POST with the same value (and owner) again is the same port: a caller that got no answer may ask again. */
export const IDEMPOTENCY_HEADER = 'x-novaless-idempotency-key';

/** A port, with what was read after it was there: its groups, the members of those of which only its own host hears, and its network. */
export interface Made { port: Port; groups?: SecurityGroup[]; members?: Addresses; network?: Network }

/**
 * Makes a port. A caller that may ask again can have it made by what was read a moment ago. That refuses nobody: what it stands in the way of is
 * tried once more by what there is, as a port of the same key may be.
 */
export async function createPort(request: Request, given: PortCreate, nth = 0): Promise<Made> {
  const project = ownerOf(request, given);
  const key = request.header(IDEMPOTENCY_HEADER);
  const id = key ? derivedId('port', project, key, String(nth)) : randomUUID();
  const ids = { network: given.network_id, groups: given.security_groups ?? [defaultSecurityGroupId(project)] };
  const recent = key ? recentGrounds(ids, request) : undefined;
  const make = (grounds: Grounds) => makePort(request, given, { project, key, id, grounds });
  const made = recent && (await make(recent).catch((error: unknown) => {
    if (!(error instanceof HttpError)) throw error;
  }));
  return made ?? make(await readGrounds({ ...ids, ...(key && { port: id }) }));
}

interface Making { project: string; key: string | undefined; id: string; grounds: Grounds }

/** Counts the port, writes it with its addresses and all that refers to it at once, and looks whether what it stands on is still there and who is to be told of it. */
async function makePort(request: Request, given: PortCreate, { project, key, id, grounds }: Making): Promise<Made> {
  const { network, host, groups, named, namedByOthers, port: earlier } = grounds;
  if (earlier) return introduce(sameRequest(earlier, given), []); // who made it may not have come that far
  if (!network || !sees(request.context, network)) throw resourceNotFound('network', given.network_id);
  if (isMarked(network)) throw new StoreBusy(`network ${network.id} is being deleted`);
  authorize(request, given, network);
  const draft = draftPort(id, project, given, network, request);
  if (given.security_groups) requireGroups(request.context, draft.security_groups, groups);
  else if (draft.security_groups.length && namesItself(await ensureDefaultSecurityGroup(project, groups[0]))) named.add(defaultSecurityGroupId(project));
  const all = marksFor(undefined, draft, onlyOf(named, draft));
  const marks = key ? likelyNeeded(all) : all; // who has no key does not ask again, should this end half-way
  const place = placing(draft, network, given, marks);
  await reachHost(network, draft, host);

  await take(project, 'port');
  const port = await place().catch(async (error: unknown) => {
    // an answer may have got lost on its way: the port is there, or it never was
    const there = isRefusal(error) ? undefined : await find('port', id);
    if (there) return there;
    await giveBack(project, 'port');
    throw error;
  });
  if (port.made_by !== request.requestId) {
    await giveBack(project, 'port');
    return introduce(sameRequest(port, given), []);
  }
  try {
    return await introduce(port, marks, [...onlyOf(named, port)].filter((id) => !namedByOthers.has(id)));
  } catch (error) {
    // who has a key asks again, or has done so and been answered: what stands in the way for a moment only takes nothing from him
    if (!key || error instanceof HttpError) await takeBack(port);
    throw error;
  }
}

const onlyOf = (named: Set<string>, { security_groups }: Port) => new Set(security_groups.filter((id) => named.has(id)));

/**
 * The port is there: is all that it stands on, too? And whom does it concern? Groups count as named by what is read now: where somebody made the
 * first rule that names one while the port came to it, who was told of the rule may not know of the port. `likely`: groups whose members will
 * most probably be asked for; these are looked for at once, which is after the port was written.
 */
async function introduce(port: Port, written: Mark[], likely: string[] = []): Promise<Made> {
  const looking = new Map(likely.map((id) => [id, fewMembersOf(id)]));
  const [read] = await Promise.allSettled([requireGrounds(port), ...looking.values()]);
  if (read.status === 'rejected') throw read.reason;
  const after = read.value;
  await stillHere(after.network!, port, after.host);
  const members = await announce(port, written, marksFor(undefined, port, onlyOf(after.named, port)), after, looking);
  return { port, groups: after.groups, network: after.network!, members };
}

function sameRequest(port: Port, given: PortCreate): Port {
  if (port.network_id !== given.network_id) throw conflict('The idempotency key was used for a port on another network.', { type: 'IdempotencyKeyInUse' });
  return port;
}

/** Neutron's policies of what a port may be given: by its network's owner, or on a network that is shared. */
function authorize(request: Request, given: PortCreate, network: Network): void {
  if (!network.shared && !request.allowed('create_port', network)) throw policyNotAuthorized('create_port');
  if (given.fixed_ips && !network.shared) enforce(request, 'create_port:fixed_ips', network);
  if (given.fixed_ips?.some(({ ip_address }) => ip_address !== undefined)) enforce(request, 'create_port:fixed_ips:ip_address', network);
  if (given.device_owner && isNetworkDevice(given.device_owner)) enforce(request, 'create_port:device_owner', network);
  enforceAttributes(request, 'create_port', given, ['mac_address', 'port_security_enabled', 'allowed_address_pairs', 'binding:host_id', 'binding:profile'], network);
}

function draftPort(id: string, project: string, given: PortCreate, network: Network, request: Request): Port {
  const trusted = isNetworkDevice(given.device_owner ?? '');
  const port_security_enabled = given.port_security_enabled ?? (network.port_security_enabled && !trusted);
  const mac_address = given.mac_address === undefined ? generateMac() : macOf(given.mac_address);
  const port: Port = {
    ...newStandard(id, project, given),
    network_id: network.id,
    mac_address,
    admin_state_up: given.admin_state_up ?? true,
    device_id: given.device_id ?? '',
    device_owner: given.device_owner ?? '',
    fixed_ips: [],
    security_groups: given.security_groups ?? (port_security_enabled ? [defaultSecurityGroupId(project)] : []),
    allowed_address_pairs: addressPairsOf(given.allowed_address_pairs ?? [], mac_address),
    extra_dhcp_opts: mergeDhcpOptions([], given.extra_dhcp_opts ?? []),
    port_security_enabled,
    dns_name: (given.dns_name ?? '').toLowerCase(),
    'binding:host_id': given['binding:host_id'] ?? '',
    'binding:vnic_type': 'normal',
    'binding:profile': given['binding:profile'] ?? {},
    made_by: request.requestId,
  };
  checkPortSecurity(port, true);
  return port;
}

/** Writes the port, with other addresses and another MAC as long as these turn out to be taken and may be others. */
function placing(draft: Port, network: Network, given: PortCreate, marks: Mark[]): () => Promise<Port> {
  const addresses = chooser(network, wantsOf(network, given.fixed_ips ?? undefined));
  let mac = draft.mac_address;
  return async () => {
    for (let macs = 1; ; ) {
      const port = { ...draft, mac_address: mac, fixed_ips: addresses.choose(mac) };
      const clash = await transition(undefined, port, marks);
      if (!clash) return port;
      if (clash.of === 'port') {
        const twin = await find('port', draft.id);
        if (twin) return twin;
      } else if (clash.of === 'address') await addresses.learn(clash);
      else {
        if (given.mac_address !== undefined) throw macAddressInUse(network.id, mac);
        if (++macs > 16) throw new StoreBusy(`unable to generate a unique MAC on network ${network.id}`);
        mac = generateMac();
      }
    }
  };
}

async function takeBack(port: Port): Promise<void> {
  try {
    if (await removePort(port.id)) await giveBack(port.project_id, 'port');
  } catch (error) {
    log.error('port not taken back', { port_id: port.id, ...factsOf(error) }); // it stays counted, and its owner can delete it
  }
}
