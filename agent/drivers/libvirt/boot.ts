import { openstackFiles } from '../../metadata/openstack.ts';
import { ActionFailed, type Job } from '../driver.ts';
import { domainXml, ownerIn } from './domain.ts';
import { until, type Domains } from './domains.ts';
import type { Guest } from './guests.ts';
import type { LibvirtHost } from './host.ts';
import { DOMAIN, isActive } from './states.ts';

/** A guest that just starts hears no power button. */
const AGAIN_MS = 10_000;

/** How a guest's domain comes to be, to run, and to end. */
export function openBoot(host: LibvirtHost, domains: Domains) {
  const { guests, disks, network, logs, owner, abilities } = host;

  /** libvirt's definition as the record is now, with all the files that it names. */
  async function define(guest: Guest, signal: AbortSignal): Promise<Guest> {
    const { uuid, args } = guest;
    const guestDisks = await disks.prepare(args, signal);
    let known = guest;
    if (args.config_drive && known.config_drive === undefined) {
      const config_drive = await disks.configDrive(args, openstackFiles(args));
      known = await guests.put({ ...known, config_drive });
    }
    const xml = domainXml({ args, disks: guestDisks, configDrive: known.config_drive, abilities: await abilities(), owner, consoleLog: logs.pathOf(uuid), tapName: network.tapName });
    await domains.define(xml);
    return known;
  }

  /**
   * Makes the guest run, from whatever a crash left of an earlier try. Its interfaces are let into their networks before its first
   * instruction. `restore`: from its memory on disk, instead of anew.
   */
  async function boot(guest: Guest, { signal }: Pick<Job, 'signal'>, { restore = false } = {}): Promise<Guest> {
    const { uuid, args: { vifs } } = guest;
    let known = guest;
    const there = await domains.xml(uuid);
    if (there !== undefined && ownerIn(there) !== owner) throw new ActionFailed('Another agent has a guest of this id on this machine.', { retryable: true });
    const domain = await domains.state(uuid);
    if (!isActive(domain)) {
      for (const vif of vifs) await network.prepare(uuid, vif);
      if (!restore) {
        known = await define(guest, signal);
        if (domain?.saved) await domains.forgetMemory(uuid);
      }
      signal.throwIfAborted();
      await domains.startPaused(uuid, signal);
    }
    try {
      for (const vif of vifs) await network.plug(uuid, vif);
      signal.throwIfAborted();
      await domains.unpause(uuid);
    } catch (error) {
      if (!signal.aborted && (await domains.state(uuid))?.state === DOMAIN.PAUSED) await (restore ? domains.save(uuid, signal) : domains.end(uuid));
      throw error;
    }
    return known;
  }

  /** Gives the guest `ms` to shut down by itself, then ends it. */
  async function shutDown(uuid: string, ms: number, signal: AbortSignal): Promise<void> {
    const end = Date.now() + ms;
    while (Date.now() < end) {
      if ((await domains.state(uuid))?.state !== DOMAIN.RUNNING) break; // a paused one can't hear it
      await domains.askToShutDown(uuid);
      const left = Math.min(AGAIN_MS, end - Date.now());
      if (await until(async () => !isActive(await domains.state(uuid)), left, signal)) return;
    }
    await domains.end(uuid);
  }

  return { define, boot, shutDown };
}

export type Boot = ReturnType<typeof openBoot>;
