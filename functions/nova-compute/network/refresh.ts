import { createHash } from 'node:crypto';
import type { Vif } from '../../../shared/agent/command.ts';
import { cast } from '../../../shared/rpc/send.ts';
import type { Args } from '../../../shared/rpc/topic.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { serviceContext } from '../../../shared/identity/service-context.ts';
import { absent, absentOrLessThan } from '../../../shared/store/condition.ts';
import { TransactionRefused } from '../../../shared/store/errors.ts';
import type { Key, Write } from '../../../shared/store/table.ts';
import { log } from '../../../shared/telemetry/log.ts';
import type { CommandDone } from '../../../shared/agent/report.ts';
import { takeAway } from '../build/reported.ts';
import { order } from '../host/command.ts';
import { ring } from '../host/ring.ts';
import { journal, pendingKey, remembered, subjectPartition, terminationKey, type Pending } from '../journal.ts';
import { neutron, type Port } from './neutron.ts';
import { vifOf } from './vif.ts';

/**
 * What a host was last told of an interface, and as of when neutron said so. Whoever tells it something has to know newer; the
 * same again is not told twice, and of several commands that the host has not taken yet only the last one is left.
 */
interface Told extends Key { kind: 'interface'; as_of: string; digest: string; tag?: string; command?: { sk: string; id: string }; failures?: number; expires_at: number; [attribute: string]: unknown }

const toldKey = (instance: string, port: string): Key => ({ pk: subjectPartition(instance), sk: `INTERFACE#${port}` });
const digestOf = (host: string, vif: Vif) => createHash('sha256').update(JSON.stringify([host, vif])).digest('base64url');
const told = (instance: string, host: string, vif: Vif, as_of: string, more: Pick<Told, 'command' | 'failures'> = {}): Write => {
  const item: Told = { ...toldKey(instance, vif.port_id), kind: 'interface', as_of, digest: digestOf(host, vif), ...(vif.tag && { tag: vif.tag }), ...more, expires_at: remembered() };
  return { put: item, if: { as_of: absentOrLessThan(as_of) } };
};

/** For the command that brings a guest its interfaces: refused where their state has been asked for since, for a guest that was not there yet. */
export const firstTold = (instance: string, host: string, vifs: Vif[], asOf: Map<string, string>): Write[] =>
  vifs.map((vif) => told(instance, host, vif, asOf.get(vif.port_id)!));

/** A host that was away takes it up when it is back. */
const REFRESH_SECONDS = 7 * 86_400;
const SIDE_BY_SIDE = 8;
const TRIES = 3;

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
  const known = await journal.getMany<Told>(ports.map(({ id, device_id }) => toldKey(device_id, id)));
  const hosts = new Set<string>();
  const queue = [...ports];
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, async () => {
    for (let port = queue.pop(); port; port = queue.pop()) {
      if (!port['binding:network']) continue; // it is being deleted
      const before = known.find(({ sk }) => sk === toldKey(port!.device_id, port!.id).sk);
      if (await tell(port, vifOf(port, before?.tag), before, options)) hosts.add(port['binding:host_id']!);
    }
  }));
  await Promise.all([...hosts].map((host) => ring(host)));
}

/** Whether its host has something to do. */
async function tell(port: Port, vif: Vif, before: Told | undefined, { anyway = false }): Promise<boolean> {
  const { device_id: instance, project_id } = port;
  const host = port['binding:host_id']!;
  const { as_of } = port['binding:filter'];
  if (before && (before.as_of >= as_of || (!anyway && before.digest === digestOf(host, vif)))) return false;
  const id = `refresh-${port.id}-${as_of}`;
  const command = order({
    id, kind: 'refresh_interface', host, subject: instance, project_id, seconds: REFRESH_SECONDS, args: { instance_uuid: instance, vif },
    purpose: { for: 'interface', port_id: port.id }, context: serviceContext(`host:${host}`),
  });
  const { sk } = (command[0] as { put: Key }).put;
  const overtaken: Write[] = before?.command ? [{ delete: { pk: `HOST#${host}`, sk: before.command.sk } }, { delete: pendingKey(instance, before.command.id) }] : [];
  try {
    await journal.transact([told(instance, host, vif, as_of, { command: { sk, id }, ...(before?.digest === '' && { failures: before.failures ?? 0 }) }), { check: terminationKey(instance), if: { pk: absent() } }, ...command, ...overtaken]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false; // newer is on its way, or the instance is going
    throw error;
  }
}

/** What a host can't do now is asked for again, with what is right by then. */
export async function refreshReported(pending: Pending, { outcome, reason }: Pick<CommandDone, 'outcome' | 'reason'>): Promise<void> {
  if (pending.purpose.for !== 'interface') throw new Error('not a refresh of an interface');
  const { port_id } = pending.purpose;
  if (outcome === 'failed') await again(pending, port_id, reason);
  await takeAway(pending);
}

async function again({ subject, host }: Pending, port_id: string, reason: string | undefined): Promise<void> {
  const { failures } = await journal.update<Told & { failures: number }>(toldKey(subject, port_id), { add: { failures: 1 }, set: { kind: 'interface', digest: '', expires_at: remembered() } });
  log.error('a host could not refresh an interface', { host, instance: subject, port_id, reason, failures });
  if (failures < TRIES) await cast(novaCompute.methods.refresh_interfaces, { port_ids: [port_id] }, { context: serviceContext('nova-compute'), steps: [], delay: 5 * failures });
}

