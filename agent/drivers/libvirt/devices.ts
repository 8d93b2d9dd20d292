import { closeSync, constants, openSync } from 'node:fs';
import type { Vif } from '../../../shared/agent/command.ts';
import type { GuestDisk } from './disks/disks.ts';
import type { Settings } from './settings.ts';
import { tag, type Tag } from './xml.ts';

/** Aliases of our own, by which a device is found again whatever libvirt calls it. */
export const volumeAlias = (volume_id: string): string => `ua-volume-${volume_id}`;
export const portAlias = (port_id: string): string => `ua-port-${port_id}`;

const prefixes: Record<string, string> = { virtio: 'vd', scsi: 'sd', sata: 'sd', usb: 'sd', ide: 'hd' };
export interface NamedDisk { disk: GuestDisk; bus: string; target: string }

/** Each disk with its bus and its name in libvirt: the one that was asked for where the bus has such names, else the first that is free. */
export function nameDisks(disks: GuestDisk[], settings: Settings): NamedDisk[] {
  const taken = new Set<string>();
  const named = disks.map((disk) => {
    const bus = disk.type === 'cdrom' ? (disk.bus && disk.bus !== 'virtio' ? disk.bus : settings.cdromBus) : disk.bus ?? settings.diskBus;
    const asked = disk.device.replace(/^\/dev\//, '');
    const fits = asked.startsWith(prefixes[bus] ?? 'vd') && !taken.has(asked);
    if (fits) taken.add(asked);
    return { disk, bus, target: fits ? asked : '' };
  });
  for (const each of named) {
    if (each.target !== '') continue;
    each.target = letters().map((letter) => `${prefixes[each.bus] ?? 'vd'}${letter}`).find((name) => !taken.has(name))!;
    taken.add(each.target);
  }
  return named;
}
const letters = () => { // a … z, aa … zz
  const single = [...'abcdefghijklmnopqrstuvwxyz'];
  return [...single, ...single.flatMap((first) => single.map((second) => first + second))];
};

export function diskTag({ disk, bus, target }: NamedDisk, settings: Settings): Tag {
  const { backing } = disk;
  return tag('disk', { type: 'file', device: disk.type },
    tag('driver', { name: 'qemu', type: disk.format, ...(disk.type === 'disk' && { cache: takesDirectIo(disk.path) ? 'none' : 'writeback', discard: 'unmap' }) }),
    tag('source', { file: disk.path }),
    // QEMU guesses no format: what a guest writes must never be taken for a header
    backing
      ? tag('backingStore', { type: 'file' }, tag('format', { type: backing.format }), tag('source', { file: backing.path }, tag('seclabel', { model: 'dac', relabel: 'no' })), tag('backingStore'))
      : disk.format === 'qcow2' && tag('backingStore'),
    tag('target', { dev: target, bus }),
    disk.type === 'disk' && Object.keys(settings.io).length > 0 && tag('iotune', {}, Object.entries(settings.io).map(([name, value]) => tag(name, {}, value))),
    disk.readonly && tag('readonly'),
    disk.serial !== undefined && [tag('serial', {}, disk.serial), tag('alias', { name: volumeAlias(disk.serial) })],
    disk.boot_index !== null && disk.boot_index >= 0 && tag('boot', { order: disk.boot_index + 1 }),
  );
}

/** Not every file system lets a file pass the host's cache by. */
function takesDirectIo(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_DIRECT));
    return true;
  } catch {
    return false;
  }
}

/** `link`: down for a plug into a running guest, until the host's side is ready. */
export function interfaceTag({ port_id, mac_address, mtu }: Pick<Vif, 'port_id' | 'mac_address' | 'mtu'>, tap: string, settings: Settings, vcpus: number, link?: 'down'): Tag {
  const virtio = settings.vifModel === 'virtio';
  return tag('interface', { type: 'ethernet' },
    tag('mac', { address: mac_address }),
    tag('target', { dev: tap, managed: 'yes' }),
    tag('model', { type: settings.vifModel }),
    settings.multiqueue && virtio && vcpus > 1 && tag('driver', { queues: Math.min(vcpus, 8) }),
    virtio && tag('mtu', { size: mtu }),
    link && tag('link', { state: link }),
    settings.ipxe !== undefined && tag('rom', { enabled: settings.ipxe ? 'yes' : 'no' }),
    tag('alias', { name: portAlias(port_id) }),
  );
}
