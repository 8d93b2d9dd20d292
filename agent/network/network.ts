import type { GroupMembers, Vif } from '../../shared/agent/command.ts';
import { factsOf, log } from '../../shared/telemetry/log.ts';
import { ActionFailed } from '../drivers/driver.ts';
import { groupsNamedBy, openSecurityGroups } from '../drivers/security-groups.ts';
import type { MetadataSource } from '../metadata/source.ts';
import { dhcpServers } from './dhcp.ts';
import { filterText, membersText } from './filters.ts';
import { metadataListeners } from './listener.ts';
import { BRIDGE, namespaceName, namespacePrefix, shortHash, tapName } from './names.ts';
import { connectTap, fetchTap, linksIn, makeNamespace, namespacesWith, removeNamespace, removeTap, runIn } from './namespace.ts';
import { ownAddresses, type Port, portOf } from './port.ts';
import { missingForNetworks } from './rights.ts';
import { formerMembers, freeNumber, type NetworkRecord, openState, type PortRecord } from './state.ts';

export { missingForNetworks } from './rights.ts';
export { tapName } from './names.ts';

/** The guests' networks on one host: each in a namespace of its own, with a bridge, DHCP, the metadata service and filters. */
export interface HostNetwork {
  /** The tap's name of a port (14 characters), as Nova and Neutron make it. */
  tapName(port_id: string): string;
  /** Before the guest is defined: namespace, bridge, DHCP with this port's entry, metadata listener, filters that let nothing pass. Idempotent. Throws ActionFailed with a reason for an operator. */
  prepare(guest: string, vif: Vif): Promise<void>;
  /** After the tap was made in the host's own namespace and before the guest runs: moves it to the bridge and opens what the rules allow. Idempotent. */
  plug(guest: string, vif: Vif): Promise<void>;
  /** The port's rules are others now. A port that isn't here is left alone. */
  refresh(guest: string, vif: Vif): Promise<void>;
  /** The port is gone from the guest: no filter, lease or DHCP entry of it stays; a network's last port takes all of it along. Idempotent. */
  unplug(port_id: string): Promise<void>;
  /** Who is in a security group is others now. False: no port's rules name it, and nothing is kept. */
  tellGroup(members: GroupMembers): Promise<boolean>;
  /** Groups that ports' rules name, and of whose members nothing was told. */
  unknownGroups(): string[];
  /** All that it has, also of guests that the driver lost; those may be unplugged. */
  ports(): { guest: string; port_id: string }[];
  /** At the agent's start: what should be there is there again, also after a reboot of the host, and what is left of others goes. */
  recover(): Promise<void>;
  /** Ends the metadata listeners; namespaces, DHCP and guests go on without the agent. */
  close(): void;
}

export interface HostNetworkOptions {
  /** The host's name, for logs. */
  host: string;
  /** The driver's own folder; its networks are this folder's, so that several agents on one machine don't meet. */
  folder: string;
  /** What the metadata service tells a guest; undefined where there is no such guest. */
  metadata: (guest: string) => MetadataSource | undefined;
}

const WATCH_MS = 60_000;

export function hostNetwork({ host, folder, metadata }: HostNetworkOptions): HostNetwork {
  const state = openState(folder);
  const dhcp = dhcpServers(state.folder);
  const listeners = metadataListeners({ host, guestAt: (network_id, address) => guestAt(state.get(network_id), address), metadata });
  const nameOf = (network_id: string) => namespaceName(folder, network_id);
  const lanes = new Map<string, Promise<unknown>>();
  /** On their way into a record: what their rules name is wanted already. */
  const arriving = new Set<Vif>();
  const vifs = () => [...arriving, ...state.all().flatMap(({ ports }) => ports.map(({ vif }) => vif))];
  const groups = openSecurityGroups(folder, () => new Set(vifs().flatMap(groupsNamedBy)));
  const members = (group: string) => groups.addresses(group) ?? formerMembers(state.all(), group);

  /** One at a time in each network. What fails says why, and what the machine lacks where it lacks something. */
  function inTurn<T>(network_id: string, work: () => Promise<T>): Promise<T> {
    const turn = (lanes.get(network_id) ?? Promise.resolve()).catch(() => {}).then(work).catch(async (error: unknown) => {
      if (error instanceof ActionFailed || !(error instanceof Error)) throw error;
      const missing = await missingForNetworks();
      throw new ActionFailed(missing.length > 0 ? `The host cannot make networks: ${missing.join('; ')}.` : `The host could not set up the network: ${error.message}.`, { retryable: true, cause: error });
    });
    lanes.set(network_id, turn);
    void turn.catch(() => {}).finally(() => lanes.get(network_id) === turn && lanes.delete(network_id));
    return turn;
  }

  /** Puts the port into the record and makes all of it so. */
  async function put(guest: string, { group_members = [], ...vif }: Vif, change: (port: PortRecord) => void): Promise<void> {
    portOf(vif);
    arriving.add(vif);
    const arrival = inTurn(vif.network_id, async () => {
      for (const each of group_members) await groups.tell(each);
      const record = structuredClone(state.get(vif.network_id) ?? { network_id: vif.network_id, ports: [], generation: 1, rules_hash: '' });
      const known = record.ports.find((port) => port.vif.port_id === vif.port_id);
      const number = known?.number ?? freeNumber(record.ports);
      if (number === undefined) throw new ActionFailed('The network has too many ports on this host.', { retryable: true });
      const port = { guest, vif, number, plugged: known?.plugged ?? false };
      change(port);
      record.ports = [...record.ports.filter((each) => each !== known), port];
      await converge(record, vif.port_id);
    });
    await arrival.finally(() => {
      arriving.delete(vif);
      return groups.forgetUnnamed();
    });
  }

  /** Makes everything as the record says; each step finds out by itself what is there. */
  async function converge(record: NetworkRecord, touched?: string | 'all'): Promise<void> {
    const { network_id, ports } = record;
    const all = parsed(ports);
    const open = all.filter(({ plugged }) => plugged);
    changed(record, open);
    await state.put(record);
    const name = nameOf(network_id);
    await makeNamespace(name, network_id, all.map(({ port }) => port));
    await runIn(name, 'nft', ['-f', '-'], filterText(open, record.generation, members));
    await connect(name, open.map(({ port }) => port), touched);
    await serveDhcp(network_id, all);
    await listeners.ensure(network_id, name);
  }

  /** Whether its rules, or the members of groups that they name, are others than before: then it gets another generation, which is to be written down. */
  function changed(record: NetworkRecord, open: ParsedPort[]): boolean {
    const hash = shortHash(filterText(open, 0, members));
    if (hash === record.rules_hash) return false;
    Object.assign(record, { rules_hash: hash, generation: (record.generation % 0x7fffffff) + 1 });
    return true;
  }

  /** Of a network whose rules are in force only the group's sets are changed. */
  async function changeMembers(network_id: string, group: string): Promise<void> {
    const record = structuredClone(state.get(network_id));
    if (!record?.ports.some(({ vif }) => groupsNamedBy(vif).includes(group))) return;
    const open = parsed(record.ports).filter(({ plugged }) => plugged);
    if (changed(record, open)) await state.put(record);
    try {
      await runIn(nameOf(network_id), 'nft', ['-f', '-'], membersText(open, record.generation, members, group));
    } catch (error) {
      log.warn('the members of a group do not go into the rules that are in force; these are made anew', { host, network: network_id, group, ...factsOf(error) });
      await converge(record);
    }
  }

  const serveDhcp = (network_id: string, ports: ParsedPort[]) =>
    dhcp.ensure(network_id, nameOf(network_id), ports.map(({ port, number, guest }) => ({ port, number, hostname: metadata(guest)?.hostname })));

  /** Of the taps that are on the bridge already only the touched one is set anew: a network may have many. */
  async function connect(name: string, ports: Port[], touched: string | undefined): Promise<void> {
    const links = await linksIn(name);
    for (const port of ports) {
      const link = links.get(tapName(port.id));
      if (link?.master === BRIDGE && touched !== port.id && touched !== 'all') continue;
      if (link || (await fetchTap(name, tapName(port.id)))) await connectTap(name, port);
    }
    const known = new Set(ports.map((port) => tapName(port.id)));
    for (const link of links.keys()) if (link.startsWith('tap') && !known.has(link)) await removeTap(name, link);
  }

  async function dissolve(network_id: string): Promise<void> {
    listeners.close(network_id);
    await dhcp.stop(network_id);
    await removeNamespace(nameOf(network_id));
    await state.remove(network_id);
  }

  /** A server that ended by itself, or was ended, comes back. */
  const watch = setInterval(() => {
    const running = dhcp.running();
    for (const { network_id } of state.all()) {
      if (!running.has(network_id)) void inTurn(network_id, async () => {
        const record = state.get(network_id);
        if (record && record.ports.length > 0) await serveDhcp(network_id, parsed(record.ports));
      }).catch((error: unknown) => log.error('a network has no DHCP', { host, network: network_id, ...factsOf(error) }));
    }
  }, WATCH_MS).unref();

  return {
    tapName,
    prepare: (guest, vif) => put(guest, vif, () => {}),
    async plug(guest, vif) {
      await put(guest, vif, (port) => (port.plugged = true));
      const links = await linksIn(nameOf(vif.network_id));
      if (!links.has(tapName(vif.port_id))) throw new ActionFailed(`The guest's interface ${tapName(vif.port_id)} is not on this host.`, { retryable: true });
    },
    async refresh(guest, vif) {
      if (state.networkOf(vif.port_id) === vif.network_id) await put(guest, vif, () => {});
    },
    async tellGroup(told) {
      if (!(await groups.tell(told))) return false;
      const { security_group_id: group } = told;
      await Promise.all(state.all().map(({ network_id }) => inTurn(network_id, () => changeMembers(network_id, group))));
      return true;
    },
    unknownGroups: groups.unknown,
    async unplug(port_id) {
      const network_id = state.networkOf(port_id);
      if (network_id === undefined) return;
      await inTurn(network_id, async () => {
        const record = structuredClone(state.get(network_id));
        if (!record) return;
        record.ports = record.ports.filter(({ vif }) => vif.port_id !== port_id);
        if (record.ports.length > 0) return converge(record);
        await state.put(record); // a crash from here on leaves a network without ports, which the next start takes away
        await dissolve(network_id);
      });
      await groups.forgetUnnamed();
    },
    ports: () => state.all().flatMap(({ ports }) => ports.map(({ guest, vif: { port_id } }) => ({ guest, port_id }))),
    async recover() {
      const prefix = namespacePrefix(folder);
      const networks = new Set([...state.all().map(({ network_id }) => network_id), ...namespacesWith(prefix).map((name) => name.slice(prefix.length)), ...dhcp.networks()]);
      await Promise.all([...networks].map((network_id) => inTurn(network_id, async () => {
        const record = structuredClone(state.get(network_id));
        return record && record.ports.length > 0 ? converge(record, 'all') : dissolve(network_id);
      }).catch((error: unknown) => log.error('a network could not be brought back', { host, network: network_id, ...factsOf(error) }))));
      await groups.forgetUnnamed();
    },
    close() {
      clearInterval(watch);
      listeners.closeAll();
    },
  };
}

type ParsedPort = PortRecord & { port: Port };
const parsed = (ports: PortRecord[]): ParsedPort[] => ports.map((each) => ({ ...each, port: portOf(each.vif) }));

/**
 * The guest that has the address in the network; the filters see to it that no other port's guest sends from it, and that nobody does
 * whose port is not plugged. Of a port that should be gone and one that has its address since, the later counts, as for DHCP.
 */
const guestAt = (record: NetworkRecord | undefined, address: string): string | undefined =>
  record?.ports.findLast(({ vif, plugged }) => plugged && ownAddresses(portOf(vif)).includes(address))?.guest;
