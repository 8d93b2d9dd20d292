import type { Abilities } from './capabilities.ts';

/** What a guest's image and flavor ask of its machine. */
export interface Settings {
  machine: string;
  firmware: 'bios' | 'efi';
  diskBus: string;
  cdromBus: string;
  scsiModel: string;
  vifModel: string;
  multiqueue: boolean;
  /** Undefined: as QEMU has it. */
  ipxe?: boolean;
  videoModel: string;
  videoRamMb?: number;
  videoRamMostMb?: number;
  pointer: 'usbtablet' | 'ps2mouse';
  inputBus: 'usb' | 'virtio';
  usbModel: string;
  soundModel?: string;
  rng: boolean;
  rngBytes?: number;
  rngPeriod?: number;
  watchdog?: string;
  guestAgent: boolean;
  bootMenu: boolean;
  serialPorts: number;
  windows: boolean;
  hpet: boolean;
  pmu?: boolean;
  hideHypervisor: boolean;
  sockets?: number; cores?: number; threads?: number;
  maxSockets?: number; maxCores?: number; maxThreads?: number;
  cpuShares?: number; cpuPeriod?: number; cpuQuota?: number;
  /** libvirt's iotune, of every disk. */
  io: Record<string, number>;
}

/** Before anybody asked for anything. */
export function defaultSettings({ architecture, uefi }: Pick<Abilities, 'architecture' | 'uefi'>): Settings {
  const pc = architecture === 'x86_64';
  return {
    machine: pc ? 'q35' : 'virt', firmware: pc || !uefi ? 'bios' : 'efi', diskBus: 'virtio', cdromBus: pc ? 'sata' : 'scsi', scsiModel: 'virtio-scsi',
    vifModel: 'virtio', multiqueue: false, videoModel: pc ? 'vga' : 'virtio', pointer: 'usbtablet', inputBus: 'usb', usbModel: 'qemu-xhci', rng: true, guestAgent: false,
    bootMenu: false, serialPorts: 1, windows: false, hpet: false, hideHypervisor: false, io: {},
  };
}
