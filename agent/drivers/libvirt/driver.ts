import { createHash } from 'node:crypto';
import { NOSTATE, RUNNING, type PowerState } from '../../../shared/objects/instance.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { outage } from '../../backoff.ts';
import { joinSocket } from '../../console/join.ts';
import { novncPage } from '../../console/novnc/page.ts';
import { hostNetwork, type HostNetwork } from '../../network/network.ts';
import { ActionFailed, type Actions, type Driver, type DriverSurroundings } from '../driver.ts';
import { openBoot } from './boot.ts';
import { rememberAbilities } from './capabilities.ts';
import { openDisks, type Disks } from './disks/disks.ts';
import { storageFolder } from './disks/storage.ts';
import { settingsFor, vncSocketIn } from './domain.ts';
import { openDomains } from './domains.ts';
import { libvirtFacts } from './facts.ts';
import { openGuests, type Guest } from './guests.ts';
import type { LibvirtHost } from './host.ts';
import { interfaceActions } from './interfaces.ts';
import { openOnce } from './once.ts';
import { powerActions } from './power.ts';
import { serialLogs } from './serial-log.ts';
import { powerState } from './states.ts';
import { openVirsh, type Virsh } from './virsh.ts';
import { requireFree, volumeActions } from './volumes.ts';
import { watchDomains } from './watch.ts';

/** What a test puts in the place of the real. */
export interface Joints { virsh?: Virsh; disks?: Disks; network?: HostNetwork }

/**
 * Guests of QEMU, by libvirt. What is to be stands in a record of the agent's own, and libvirt's definition is made of it at each start;
 * what is, libvirt is asked. Guests go on without the agent, and without libvirt's daemon.
 */
export function libvirtDriver(surroundings: DriverSurroundings, joints: Joints = {}): Driver & { close(): void } {
  const { host: name, folder, storageDir, images, consoleChanged, powerChanged } = surroundings;
  const virsh = joints.virsh ?? openVirsh();
  const abilities = rememberAbilities(virsh);
  const guests = openGuests(folder);
  const disks = joints.disks ?? openDisks({ folder: storageFolder(folder, storageDir), images, qemu: async () => (await abilities.get()).qemu });
  const network = joints.network ?? hostNetwork({ host: name, folder, metadata: (uuid) => guests.get(uuid)?.args });
  const logs = serialLogs(folder, consoleChanged);
  const owner = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const host: LibvirtHost = { owner, virsh, abilities: abilities.get, guests, disks, network, logs };
  const domains = openDomains(folder, virsh);
  const boot = openBoot(host, domains);

  // Networks come back before anything is done to a guest.
  const recovered = network.recover().catch((error: unknown) => log.error('networks could not be brought back', { host: name, ...factsOf(error) }));
  /** How many commands work on a guest. Those that ended stay with 0 until the next look: what the one under way asked may be older than their end. */
  const held = new Map<string, number>();
  /** The record that a look is writing. */
  let noting: Promise<unknown> = Promise.resolve();

  /** While a command works on a guest, its power is the command's to tell, and its record the command's to write. */
  async function alone<T>(uuid: string, work: () => Promise<T>): Promise<T> {
    held.set(uuid, (held.get(uuid) ?? 0) + 1);
    try {
      await recovered;
      await noting.catch(() => {});
      return await work();
    } finally {
      held.set(uuid, held.get(uuid)! - 1);
    }
  }

  async function keepState(guest: Guest, power_state: PowerState): Promise<PowerState> {
    if (power_state !== guest.power_state || (power_state === RUNNING && guest.stopped)) await guests.put({ ...guest, power_state, ...(power_state === RUNNING && { stopped: false }) });
    return power_state;
  }
  const stateOf = async (uuid: string): Promise<PowerState> => {
    const guest = guests.get(uuid)!;
    return keepState(guest, powerState(await domains.state(uuid), guest));
  };

  const once = openOnce(host, alone, stateOf);
  const libvirt = outage((away, reason) => (away ? log.error('libvirt does not answer; the host tells nothing meanwhile', { host: name, reason }) : log.info('libvirt answers again', { host: name })));

  /** What happened to guests without a command. */
  async function look(): Promise<void> {
    try {
      for (const [uuid, commands] of held) if (commands === 0) held.delete(uuid);
      const states = await domains.all();
      for (const { uuid } of guests.all()) {
        const guest = guests.get(uuid); // as it is now: while others were written down, it may have changed, or gone
        if (!guest?.built || held.has(uuid)) continue;
        const state = powerState(states.get(uuid), guest);
        if (state === guest.power_state) continue;
        await (noting = keepState(guest, state));
        log.info('power state', { host: name, subject: uuid, power_state: state });
        powerChanged(uuid, state);
      }
      libvirt.worked();
    } catch (error) {
      abilities.forget();
      libvirt.failed(error);
    }
  }
  const watch = watchDomains(virsh.uri, () => recovered.then(look));

  const actions: Actions = {
    spawn: (args, job) => alone(args.instance_uuid, async () => {
      const uuid = args.instance_uuid;
      const there = guests.get(uuid);
      if (there?.built) return { power_state: await stateOf(uuid) };
      settingsFor(args, await abilities.get()); // what this host can't do is said before anything is made
      for (const { source } of args.disks) if (source.type === 'volume') requireFree(host, source.volume_id, uuid);
      job.signal.throwIfAborted();
      const guest = await boot.boot(there ?? (await guests.put({ uuid, args, built: false, power_state: NOSTATE, done: [] })), job);
      const { admin_pass: _onDrive, ...kept } = guest.args;
      const vifs = kept.vifs.map(({ group_members: _told, ...vif }) => vif); // by the next start they may be others
      await guests.put({ ...guest, args: { ...kept, vifs }, built: true, done: [...guest.done, job.id] });
      consoleChanged(uuid);
      return { power_state: await stateOf(uuid) };
    }),
    destroy: ({ instance_uuid: uuid }) => alone(uuid, async () => {
      await domains.remove(uuid, owner);
      // Also those of an interface that was being attached.
      for (const { guest, port_id } of network.ports()) if (guest === uuid) await network.unplug(port_id);
      await disks.remove(uuid);
      await logs.remove(uuid);
      await guests.remove(uuid);
      return { power_state: NOSTATE };
    }),
    async refresh_security_group(members) {
      await recovered;
      return { details: { kept: await network.tellGroup(members) } };
    },
    ...powerActions(host, domains, boot, once),
    ...volumeActions(host, domains, boot, once),
    ...interfaceActions(host, domains, boot, once),
  };

  function close(): void {
    watch.stop();
    logs.stop();
    network.close();
    disks.close();
  }

  for (const { uuid } of guests.all()) consoleChanged(uuid);
  return {
    actions,
    unknownGroups: network.unknownGroups,
    facts: () => libvirtFacts(host),
    guests: () => guests.all().map(({ uuid, power_state }) => ({ uuid, power_state })),
    consoleLog: async (uuid, bytes) => (guests.get(uuid) ? logs.tail(uuid, bytes) : undefined),
    consolePage: novncPage,
    joinConsole(uuid, websocket) {
      domains.xml(uuid).then(
        (xml) => {
          const path = xml === undefined ? undefined : vncSocketIn(xml);
          if (path === undefined) websocket.close(1011, 'the server does not run now');
          else joinSocket(websocket, { path });
        },
        (error: unknown) => websocket.close(1011, error instanceof ActionFailed ? 'the host cannot reach its hypervisor now' : 'the console failed'),
      );
    },
    async purge() {
      await recovered;
      await network.recover(); // a network without ports goes
      await disks.purge();
      close();
    },
    close,
  };
}
