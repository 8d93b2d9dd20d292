import { ActionFailed, type Actions } from '../driver.ts';
import type { Boot } from './boot.ts';
import { diskTag, nameDisks, volumeAlias } from './devices.ts';
import { allDisks, settingsFor } from './domain.ts';
import type { Domains } from './domains.ts';
import { allOrNothing, changeable, letGo } from './hotplug.ts';
import type { LibvirtHost } from './host.ts';
import type { Once } from './once.ts';
import { isActive } from './states.ts';
import { xmlText } from './xml.ts';

type VolumeActions = Pick<Actions, 'attach_volume' | 'detach_volume' | 'create_volume' | 'delete_volume'>;

const holderOf = ({ guests }: Pick<LibvirtHost, 'guests'>, volume: string, but?: string) =>
  guests.all().find(({ uuid, args }) => uuid !== but && args.disks.some(({ source }) => source.type === 'volume' && source.volume_id === volume));

export function requireFree(host: LibvirtHost, volume: string, uuid: string): void {
  if (!host.disks.volume(volume)) throw new ActionFailed(`Volume ${volume} is not on this host.`);
  if (holderOf(host, volume, uuid)) throw new ActionFailed(`Volume ${volume} is attached to another instance.`);
}

export function volumeActions(host: LibvirtHost, domains: Domains, { define }: Boot, once: Once): VolumeActions {
  const { guests, disks, abilities } = host;

  return {
    attach_volume: ({ instance_uuid: uuid, disk }, job) => once(uuid, job, async (guest) => {
      if (disk.source.type !== 'volume') throw new ActionFailed('Only volumes can be attached.');
      const { volume_id: volume } = disk.source;
      requireFree(host, volume, uuid);
      const { args } = guest;
      const others = args.disks.filter(({ source }) => source.type !== 'volume' || source.volume_id !== volume);
      const known = others.length < args.disks.length;
      const domain = await (known ? domains.state(uuid) : changeable(domains, uuid));
      if (known && !isActive(domain)) return;
      if (others.some(({ device }) => device === disk.device)) throw new ActionFailed(`Device ${disk.device} is in use.`);

      await allOrNothing(async () => {
        const after = await define({ ...guest, args: { ...args, disks: [...others, disk] } }, job.signal);
        if (isActive(domain) && !(await domains.has(uuid, volumeAlias(volume)))) {
          const settings = settingsFor(args, await abilities());
          const added = disks.volumeDisk(disk);
          const named = nameDisks([...allDisks(await disks.prepare({ ...args, disks: others }, job.signal), guest.config_drive), added], settings);
          await domains.attach(uuid, xmlText(diskTag(named.at(-1)!, settings)));
        }
        await guests.put(after);
      }, job, known ? [] : [
        () => letGo(domains, uuid, volumeAlias(volume), `volume ${volume}`, job.signal),
        () => define(guest, job.signal),
      ]);
    }),

    detach_volume: ({ instance_uuid: uuid, volume_id: volume }, job) => once(uuid, job, async (guest) => {
      await letGo(domains, uuid, volumeAlias(volume), `volume ${volume}`, job.signal);
      const left = guest.args.disks.filter(({ source }) => source.type !== 'volume' || source.volume_id !== volume);
      if (left.length < guest.args.disks.length) await define(await guests.put({ ...guest, args: { ...guest.args, disks: left } }), job.signal);
    }),

    async create_volume(args, job) {
      await disks.createVolume(args, job);
      return {};
    },
    async delete_volume({ volume_id: volume }) {
      if (holderOf(host, volume)) throw new ActionFailed(`Volume ${volume} is attached to an instance.`);
      await disks.deleteVolume(volume);
      return {};
    },
  };
}
