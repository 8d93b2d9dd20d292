import { ActionFailed } from '../driver.ts';
import type { Abilities } from './capabilities.ts';
import { defaultSettings, type Settings } from './settings.ts';

/** What a property means: it sets something, or throws Unfit, or does nothing. */
type Rule = (value: string, settings: Settings, host: Abilities) => void;
class Unfit extends Error { override name = 'Unfit' }

const oneOf = <K extends keyof Settings>(key: K, values: (Settings[K] & string)[]): Rule => (value, settings) => {
  if (!(values as string[]).includes(value)) throw new Unfit(`must be one of ${values.join(', ')}`);
  settings[key] = value as Settings[K];
};
const whole = <K extends keyof Settings>(key: K, least: number, most: number): Rule => (value, settings) => void (settings[key] = number(value, least, most) as Settings[K]);
const yes = <K extends keyof Settings>(key: K, turn = false): Rule => (value, settings) => void (settings[key] = (boolean(value) !== turn) as Settings[K]);
const io = (name: string): Rule => (value, settings) => void (settings.io[name] = number(value, 0, Number.MAX_SAFE_INTEGER));
/** Accepted where it asks for what there is anyway. */
const only = (values: string[], reason = 'is not supported on this host'): Rule => (value) => {
  if (!values.includes(value.toLowerCase())) throw new Unfit(reason);
};
const off = only(['false', 'no', 'off', '0', '']);
const never: Rule = () => { throw new Unfit('is not supported on this host') };
const nothing: Rule = () => {};

function number(value: string, least: number, most: number): number {
  if (!/^-?\d{1,16}$/.test(value) || Number(value) < least || Number(value) > most) throw new Unfit(`must be a whole number from ${least} to ${most}`);
  return Number(value);
}
function boolean(value: string): boolean {
  if (/^(true|yes|on|1|t|y)$/i.test(value)) return true;
  if (/^(false|no|off|0|f|n)$/i.test(value)) return false;
  throw new Unfit('must be true or false');
}

const machine: Rule = (value, settings, host) => {
  if (!host.machines.includes(value)) throw new Unfit('is no machine type of this host');
  settings.machine = value;
  if (/^pc(-i440fx|$)/.test(value)) settings.cdromBus = 'ide';
};
const sameArchitecture: Rule = (value, _settings, host) => {
  if (value !== host.architecture && !(host.architecture === 'x86_64' && ['i686', 'i386', 'amd64'].includes(value))) throw new Unfit(`does not run on a ${host.architecture} host`);
};
const firmware: Rule = (value, settings, host) => {
  if (!['bios', 'uefi'].includes(value)) throw new Unfit('must be bios or uefi');
  if (value === 'uefi' && !host.uefi) throw new Unfit('is not supported on this host: it has no UEFI firmware');
  if (value === 'bios' && host.architecture !== 'x86_64') throw new Unfit(`is not there on ${host.architecture}`);
  settings.firmware = value === 'uefi' ? 'efi' : 'bios';
};
const video: Rule = (value, settings, host) => {
  if (!host.videoModels.includes(value)) throw new Unfit(`must be one of ${host.videoModels.join(', ')}`);
  settings.videoModel = value;
};
const windows: Rule = (value, settings) => void (settings.windows = value === 'windows');

const buses = ['virtio', 'scsi', 'sata', 'ide', 'usb'];

/** Of images as `hw_NAME`, and of flavors as `hw:NAME`. */
const sharedRules: Record<string, Rule> = {
  cpu_sockets: whole('sockets', 1, 1024),
  cpu_cores: whole('cores', 1, 1024),
  cpu_threads: whole('threads', 1, 1024),
  cpu_max_sockets: whole('maxSockets', 1, 1024),
  cpu_max_cores: whole('maxCores', 1, 1024),
  cpu_max_threads: whole('maxThreads', 1, 1024),
  cpu_policy: only(['shared']),
  cpu_thread_policy: only(['prefer']),
  cpu_realtime_mask: never,
  emulator_threads_policy: only(['share']),
  numa_nodes: never,
  pci_numa_affinity_policy: never,
  mem_page_size: only(['small', 'any']),
  locked_memory: off,
  mem_encryption: off,
  mem_encryption_model: never,
  ephemeral_encryption: off,
  ephemeral_encryption_format: never,
  tpm_model: never,
  tpm_version: never,
  viommu_model: never,
  virtio_packed_ring: off,
  maxphysaddr_mode: never,
  maxphysaddr_bits: never,
  pmu: yes('pmu'),
  boot_menu: yes('bootMenu'),
  serial_port_count: whole('serialPorts', 1, 4),
  vif_multiqueue_enabled: yes('multiqueue'),
  watchdog_action: oneOf('watchdog', ['disabled', 'reset', 'poweroff', 'pause', 'none']),
  sound_model: oneOf('soundModel', ['ich6', 'ich9', 'ac97', 'es1370', 'sb16', 'pcspk', 'usb']),
  usb_model: oneOf('usbModel', ['qemu-xhci', 'nec-xhci', 'piix3-uhci', 'ich9-ehci1', 'ehci', 'vt82c686b-uhci']),
  redirected_usb_ports: only(['0']),
};
const shared = (prefix: string) => Object.fromEntries(Object.entries(sharedRules).map(([name, rule]) => [`${prefix}${name}`, rule]));

/** Of images, one line each; glance's and Nova's names. What is not here describes the image only. */
const imageRules: Record<string, Rule> = {
  ...shared('hw_'),
  hw_disk_bus: oneOf('diskBus', buses),
  hw_cdrom_bus: oneOf('cdromBus', buses.slice(1)),
  hw_scsi_model: oneOf('scsiModel', ['virtio-scsi', 'lsilogic', 'lsisas1068', 'lsisas1078', 'vmpvscsi', 'buslogic']),
  hw_floppy_bus: never,
  hw_disk_type: nothing, // VMware's
  hw_vif_model: oneOf('vifModel', ['virtio', 'e1000', 'e1000e', 'rtl8139', 'ne2k_pci', 'pcnet', 'igb', 'vmxnet3']),
  hw_ipxe_boot: yes('ipxe'),
  hw_machine_type: machine,
  hw_architecture: sameArchitecture,
  architecture: sameArchitecture,
  hw_emulation_architecture: sameArchitecture,
  hw_vm_mode: only(['hvm']),
  vm_mode: only(['hvm']),
  img_hv_type: only(['qemu', 'kvm'], 'does not run on QEMU'),
  hypervisor_type: only(['qemu', 'kvm'], 'does not run on QEMU'),
  hw_firmware_type: firmware,
  hw_firmware_stateless: off,
  os_secure_boot: only(['disabled', 'optional']),
  kernel_id: only(['']),
  ramdisk_id: only(['']),
  os_command_line: nothing, // only with kernel_id
  hw_video_model: video,
  hw_video_ram: whole('videoRamMb', 1, 1024),
  hw_pointer_model: oneOf('pointer', ['usbtablet', 'ps2mouse']),
  hw_input_bus: oneOf('inputBus', ['usb', 'virtio']),
  hw_rng_model: only(['virtio'], 'must be virtio'),
  hw_qemu_guest_agent: yes('guestAgent'),
  hw_numa_cpus: never,
  hw_numa_mem: never,
  hw_ephemeral_encryption_secret_uuid: never,
  hw_time_hpet: yes('hpet'),
  img_hide_hypervisor_id: yes('hideHypervisor'),
  os_type: windows,
};

/** Of flavors, one line each; Nova's names. They win over the image's. What is not here is the scheduler's, or another driver's. */
const extraSpecRules: Record<string, Rule> = {
  ...shared('hw:'),
  'hw:cpu_realtime': off,
  'hw:cpu_dedicated_mask': never,
  'hw:tpm_secret_security': never,
  'hw:pmem': never,
  'hw:hide_hypervisor_id': yes('hideHypervisor'),
  hide_hypervisor_id: yes('hideHypervisor'),
  'hw_rng:allowed': yes('rng'),
  'hw_rng:rate_bytes': whole('rngBytes', 1, 2 ** 31),
  'hw_rng:rate_period': whole('rngPeriod', 1, 2 ** 31),
  'hw_video:ram_max_mb': whole('videoRamMostMb', 0, 1024),
  'os:secure_boot': only(['disabled', 'optional']),
  'quota:cpu_shares': whole('cpuShares', 1, 262_144),
  'quota:cpu_period': whole('cpuPeriod', 1000, 1_000_000),
  'quota:cpu_quota': whole('cpuQuota', -1, 2 ** 44),
  'quota:disk_read_bytes_sec': io('read_bytes_sec'),
  'quota:disk_write_bytes_sec': io('write_bytes_sec'),
  'quota:disk_total_bytes_sec': io('total_bytes_sec'),
  'quota:disk_read_iops_sec': io('read_iops_sec'),
  'quota:disk_write_iops_sec': io('write_iops_sec'),
  'quota:disk_total_iops_sec': io('total_iops_sec'),
  'pci_passthrough:alias': never,
  'accel:device_profile': never,
};
/** Families of names. */
const extraSpecFamilies: [RegExp, Rule][] = [[/^hw:numa_(cpus|mem)\.\d+$/, never], [/^quota:vif_(inbound|outbound)_(average|peak|burst)$/, never]];

/** What image and flavor ask for together. Throws ActionFailed, naming property and value, where this host can't do it. */
export function settingsOf(image: Record<string, unknown>, extraSpecs: Record<string, string>, host: Abilities): Settings {
  const settings = defaultSettings(host);
  // the machine first: others' defaults follow it
  const imageEntries = Object.entries(image).sort(([a], [b]) => Number(b === 'hw_machine_type') - Number(a === 'hw_machine_type'));
  for (const [name, value] of imageEntries) {
    if (value !== null && value !== undefined) apply(own(imageRules, name), { what: 'The image\'s property', name, value: typeof value === 'object' ? JSON.stringify(value) : String(value) }, settings, host);
  }
  for (const [name, value] of Object.entries(extraSpecs)) {
    apply(own(extraSpecRules, name) ?? extraSpecFamilies.find(([names]) => names.test(name))?.[1], { what: 'The flavor\'s extra spec', name, value }, settings, host);
  }
  if (settings.videoRamMb !== undefined && settings.videoRamMb > (settings.videoRamMostMb ?? 0)) {
    throw new ActionFailed(`The image's property hw_video_ram=${settings.videoRamMb} is more than the flavor allows (hw_video:ram_max_mb=${settings.videoRamMostMb ?? 0}).`);
  }
  return settings;
}

const own = (rules: Record<string, Rule>, name: string) => (Object.hasOwn(rules, name) ? rules[name] : undefined);

function apply(rule: Rule | undefined, { what, name, value }: { what: string; name: string; value: string }, settings: Settings, host: Abilities): void {
  try {
    rule?.(value, settings, host);
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    const shown = value.length > 60 ? `${value.slice(0, 57)}...` : value;
    throw new ActionFailed(`${what} ${name}=${shown.replaceAll(/[^\x20-\x7e]/g, '?')} ${error.message}.`, { cause: error });
  }
}

/** Sockets, cores and threads that make `vcpus`, as near to what is wished as it goes: rather sockets than cores, rather cores than threads. */
export function topology(vcpus: number, wish: Pick<Settings, 'sockets' | 'cores' | 'threads' | 'maxSockets' | 'maxCores' | 'maxThreads'>): { sockets: number; cores: number; threads: number } {
  const divisors = (of: number) => Array.from({ length: of }, (_, index) => index + 1).filter((each) => of % each === 0);
  const fits = (value: number, exact: number | undefined, most: number | undefined) => (exact === undefined || value === exact) && (most === undefined || value <= most);
  for (const threads of divisors(vcpus)) {
    if (!fits(threads, wish.threads, wish.maxThreads)) continue;
    for (const cores of divisors(vcpus / threads)) {
      const sockets = vcpus / threads / cores;
      if (fits(cores, wish.cores, wish.maxCores) && fits(sockets, wish.sockets, wish.maxSockets)) return { sockets, cores, threads };
    }
  }
  const asked = Object.entries(wish).filter(([name, value]) => /^(sockets|cores|threads|max(Sockets|Cores|Threads))$/.test(name) && value !== undefined).map(([name, value]) => `${name.replace(/^max(.)/, (_, letter: string) => `max_${letter.toLowerCase()}`)} ${value}`);
  throw new ActionFailed(`The flavor's ${vcpus} vCPUs cannot be made of ${asked.join(', ')} (hw_cpu_*, hw:cpu_*).`);
}
