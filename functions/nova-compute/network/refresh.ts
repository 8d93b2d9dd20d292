import type { Vif } from '../../../shared/agent/command.ts';
import { cast } from '../../../shared/rpc/send.ts';
import type { Args } from '../../../shared/rpc/topic.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { serviceContext } from '../../../shared/identity/service-context.ts';
import { sideBySide } from '../../../shared/side-by-side.ts';
import { absent } from '../../../shared/store/condition.ts';
import type { Key, Write } from '../../../shared/store/table.ts';
import { log } from '../../../shared/telemetry/log.ts';
import type { CommandDone } from '../../../shared/agent/report.ts';
import { takeAway } from '../build/reported.ts';
import { order } from '../host/command.ts';
import { readsCompressed } from '../host/enrolment.ts';
import { ring } from '../host/ring.ts';
import { journal, subjectPartition, terminationKey, type Pending } from '../journal.ts';
import { neutron, type Port } from './neutron.ts';
import { AT_ONCE, digestOf, failed, news, REFRESH_SECONDS, toldWrite, TRIES, withCommandsThatWait, type Told } from './told.ts';
import { vifOf } from './vif.ts';

const toldKey = (instance: string, port: string): Key => ({ pk: subjectPartition(instance), sk: `INTERFACE#${port}` });
/** Members of groups are told by themselves; what of them came with a port is no news of the interface. */
const digest = (host: string, { group_members: _told, ...vif }: Vif) => digestOf([host, vif]);
const toldOf = (instance: string, host: string, vif: Vif, as_of: string): Told =>
  ({ ...toldKey(instance, vif.port_id), kind: 'interface', as_of, digest: digest(host, vif), ...(vif.tag && { tag: vif.tag }) });

/** For the command that brings a guest its interfaces: refused where their state has been asked for since, for a guest that was not there yet. */
export const firstTold = (instance: string, host: string, vifs: Vif[], asOf: Map<string, string>): Write[] =>
  vifs.map((vif) => toldWrite(toldOf(instance, host, vif, asOf.get(vif.port_id)!)));

/** The hosts of these ports get their present state as commands. */
export async function refreshInterfaces({ port_ids }: Args<typeof novaCompute.methods.refresh_interfaces>): Promise<void> {
  const ports = (await neutron({ service: 'nova' }).portsWithFilter(port_ids)).filter(isGuests);
  await bringUpToDate(ports);
}

/** All interfaces of an instance, whatever its host was told before: for a guest that begins anew. */
export async function refreshAllOf(instance: string): Promise<void> {
  const client = neutron({ service: 'nova' });
  const ids = (await client.portsOf(instance)).map(({ id }) => id);
  if (ids.length > 0) await bringUpToDate((await client.portsWithFilter(ids)).filter(isGuests), { anyway: true });
}

const isGuests = (port: Port) => !!port['binding:host_id'] && port.device_id !== '' && port.device_owner.startsWith('compute:');

async function bringUpToDate(ports: Port[], options: { anyway?: boolean } = {}): Promise<void> {
  if (ports.length === 0) return;
  const known = await withCommandsThatWait(await journal.getMany<Told>(ports.map(({ id, device_id }) => toldKey(device_id, id))));
  const hosts = new Set<string>();
  await sideBySide(ports, AT_ONCE, async (port) => {
    if (!port['binding:network']) return; // it is being deleted
    const before = known.find(({ sk }) => sk === toldKey(port.device_id, port.id).sk);
    if (await tell(port, vifOf(port, before?.tag), before, options)) hosts.add(port['binding:host_id']!);
  });
  await Promise.all([...hosts].map((host) => ring(host)));
}

/** Whether its host has something to do. */
async function tell(port: Port, vif: Vif, before: Told | undefined, { anyway = false }): Promise<boolean> {
  const { device_id: instance, project_id } = port;
  const host = port['binding:host_id']!;
  const { as_of } = port['binding:filter'];
  const told = toldOf(instance, host, vif, as_of);
  if (before && !anyway && before.digest === told.digest) return false;
  const command = order({
    id: `refresh-${port.id}-${as_of}`, kind: 'refresh_interface', host, subject: instance, project_id, seconds: REFRESH_SECONDS, args: { instance_uuid: instance, vif },
    purpose: { for: 'interface', port_id: port.id }, small: await readsCompressed(host),
  });
  return news(told, before, command, [{ check: terminationKey(instance), if: { pk: absent() } }]); // refused: the instance is going
}

/** What a host can't do now is asked for again, with what is right by then. */
export async function refreshReported(pending: Pending, { outcome, reason }: Pick<CommandDone, 'outcome' | 'reason'>): Promise<void> {
  if (pending.purpose.for !== 'interface') throw new Error('not a refresh of an interface');
  const { port_id } = pending.purpose;
  if (outcome === 'failed') await again(pending, port_id, reason);
  await takeAway(pending);
}

async function again({ subject, host }: Pending, port_id: string, reason: string | undefined): Promise<void> {
  const failures = await failed(toldKey(subject, port_id), 'interface');
  log.error('a host could not refresh an interface', { host, instance: subject, port_id, reason, failures });
  if (failures < TRIES) await cast(novaCompute.methods.refresh_interfaces, { port_ids: [port_id] }, { context: serviceContext('nova-compute'), steps: [], delay: 5 * failures });
}
