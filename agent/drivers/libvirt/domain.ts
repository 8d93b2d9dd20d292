import type { SpawnArgs } from '../../../shared/agent/command.ts';
import type { Abilities } from './capabilities.ts';
import { diskTag, interfaceTag, nameDisks } from './devices.ts';
import type { GuestDisk } from './disks/disks.ts';
import { settingsOf, topology } from './properties.ts';
import type { Settings } from './settings.ts';
import { domainName } from './states.ts';
import { found, parseXml, tag, xmlText, type Tag } from './xml.ts';

const NAMESPACE = 'urn:novaless:instance:1';
/** Slots for what is attached while the guest runs: a PCIe port holds one device. */
const SPARE_PORTS = 12;
/** What QEMU keeps translated of an emulated guest: its own default is a gigabyte for each. */
const EMULATOR_CACHE_MB = 64;

export interface DomainParts {
  args: SpawnArgs;
  disks: GuestDisk[];
  configDrive?: string | undefined;
  abilities: Abilities;
  /** Says whose domain it is: an agent leaves others' alone. */
  owner: string;
  consoleLog: string;
  tapName: (port_id: string) => string;
}

export const settingsFor = ({ image_properties, flavor }: Pick<SpawnArgs, 'image_properties' | 'flavor'>, abilities: Abilities): Settings =>
  settingsOf(image_properties, flavor.extra_specs, abilities);

/** All the disks in libvirt's order, the config drive last. */
export function allDisks(disks: GuestDisk[], configDrive: string | undefined): GuestDisk[] {
  return configDrive === undefined ? disks : [...disks, { path: configDrive, format: 'raw', device: '', boot_index: null, bus: undefined, type: 'cdrom', readonly: true }];
}

/** libvirt's definition of a guest. Nothing of it is a user's text: ids, numbers, and words out of lists. Throws ActionFailed where the host can't do what image and flavor ask for. */
export function domainXml({ args, disks, configDrive, abilities, owner, consoleLog, tapName }: DomainParts): string {
  const { instance_uuid: uuid, flavor: { vcpus, memory_mb }, vifs } = args;
  const settings = settingsFor(args, abilities);
  const { architecture, kvm } = abilities;
  const pc = architecture === 'x86_64';
  const pcie = !/^pc(-i440fx|$)/.test(settings.machine);
  const named = nameDisks(allDisks(disks, configDrive), settings);
  const { videoModel, pointer, inputBus, watchdog } = settings;

  return xmlText(tag('domain', { type: kvm ? 'kvm' : 'qemu' },
    tag('name', {}, domainName(uuid)),
    tag('uuid', {}, uuid),
    tag('metadata', {}, tag('novaless:instance', { 'xmlns:novaless': NAMESPACE }, tag('novaless:owner', {}, owner))),
    tag('memory', { unit: 'MiB' }, memory_mb),
    tag('vcpu', { placement: 'static' }, vcpus),
    (settings.cpuShares ?? settings.cpuPeriod ?? settings.cpuQuota) !== undefined && tag('cputune', {},
      settings.cpuShares !== undefined && tag('shares', {}, settings.cpuShares),
      settings.cpuPeriod !== undefined && tag('period', {}, settings.cpuPeriod),
      settings.cpuQuota !== undefined && tag('quota', {}, settings.cpuQuota)),
    // cloud-init knows an OpenStack guest by this
    tag('sysinfo', { type: 'smbios' }, tag('system', {}, Object.entries({ manufacturer: 'OpenStack Foundation', product: 'OpenStack Nova', version: 'Novaless', serial: uuid, uuid, family: 'Virtual Machine' }).map(([name, value]) => tag('entry', { name }, value)))),
    tag('os', settings.firmware === 'efi' ? { firmware: 'efi' } : {},
      tag('type', { arch: architecture, machine: settings.machine }, 'hvm'),
      settings.bootMenu && tag('bootmenu', { enable: 'yes', timeout: 3000 }),
      tag('smbios', { mode: 'sysinfo' })),
    tag('features', {}, tag('acpi'), pc && tag('apic'),
      settings.hideHypervisor && kvm && tag('kvm', {}, tag('hidden', { state: 'on' })),
      settings.pmu !== undefined && tag('pmu', { state: settings.pmu ? 'on' : 'off' }),
      !kvm && tag('tcg', {}, tag('tb-cache', { unit: 'MiB' }, EMULATOR_CACHE_MB)),
      settings.windows && kvm && tag('hyperv', {}, tag('relaxed', { state: 'on' }), tag('vapic', { state: 'on' }), tag('spinlocks', { state: 'on', retries: 8191 }), tag('vpindex', { state: 'on' }), tag('synic', { state: 'on' }))),
    cpuTag(abilities, topology(vcpus, settings)),
    tag('clock', { offset: settings.windows ? 'localtime' : 'utc' },
      pc && [tag('timer', { name: 'pit', tickpolicy: 'delay' }), tag('timer', { name: 'rtc', tickpolicy: 'catchup' }), tag('timer', { name: 'hpet', present: settings.hpet ? 'yes' : 'no' })]),
    tag('on_poweroff', {}, 'destroy'), tag('on_reboot', {}, 'restart'), tag('on_crash', {}, 'destroy'),
    tag('devices', {},
      named.map((each) => diskTag(each, settings)),
      pcie && tag('controller', { type: 'pci', index: 0, model: 'pcie-root' }),
      pcie && Array.from({ length: SPARE_PORTS + named.length + vifs.length }, () => tag('controller', { type: 'pci', model: 'pcie-root-port' })),
      named.some(({ bus }) => bus === 'scsi') && tag('controller', { type: 'scsi', index: 0, model: settings.scsiModel }),
      tag('controller', { type: 'usb', index: 0, model: settings.usbModel }),
      vifs.map((vif) => interfaceTag(vif, tapName(vif.port_id), settings, vcpus)),
      Array.from({ length: settings.serialPorts }, (_, port) => tag('serial', { type: 'pty' }, port === 0 && tag('log', { file: consoleLog, append: 'on' }), tag('target', { port }))),
      settings.guestAgent && tag('channel', { type: 'unix' }, tag('target', { type: 'virtio', name: 'org.qemu.guest_agent.0' })),
      pointer === 'usbtablet' ? tag('input', { type: 'tablet', bus: inputBus }) : tag('input', { type: 'mouse', bus: 'ps2' }),
      !pc && tag('input', { type: 'keyboard', bus: inputBus }),
      tag('graphics', { type: 'vnc' }, tag('listen', { type: 'socket' })),
      settings.soundModel && tag('sound', { model: settings.soundModel }),
      tag('video', {}, tag('model', { type: videoModel, ...(settings.videoRamMb !== undefined && { vram: settings.videoRamMb * 1024 }) })),
      watchdog && watchdog !== 'disabled' && tag('watchdog', { model: 'i6300esb', action: watchdog }),
      settings.rng && tag('rng', { model: 'virtio' },
        settings.rngBytes !== undefined && tag('rate', { bytes: settings.rngBytes, period: settings.rngPeriod ?? 1000 }),
        tag('backend', { model: 'random' }, '/dev/urandom')),
      tag('memballoon', { model: 'virtio' }, tag('stats', { period: 10 }))),
  ));
}

/** On the processor itself a guest gets what it has, as far as libvirt can name it; emulated, the best that QEMU can do but for what costs it dear. */
function cpuTag({ kvm, cpuModes }: Abilities, shape: ReturnType<typeof topology>): Tag {
  const inner = tag('topology', { ...shape, dies: 1 });
  const mode = (kvm ? ['host-model', 'host-passthrough', 'maximum'] : ['maximum']).find((each) => cpuModes.includes(each));
  if (!mode) return tag('cpu', {}, inner);
  return tag('cpu', { mode, ...(mode === 'host-model' && { check: 'partial' }) }, inner, mode === 'maximum' && process.arch === 'x64' && tag('feature', { policy: 'disable', name: 'la57' }));
}

/** Whose domain it is, by its own definition; undefined: nobody's of ours. */
export const ownerIn = (xml: string): string | undefined => found(parseXml(xml), 'metadata', 'novaless:instance', 'novaless:owner')[0]?.textContent ?? undefined;

/** The guest's screen, while it runs. */
export function vncSocketIn(xml: string): string | undefined {
  return found(parseXml(xml), 'devices', 'graphics').map((each) => each.getAttribute('socket') ?? found(each, 'listen')[0]?.getAttribute('socket')).find(Boolean) ?? undefined;
}

/** The aliases of all devices. */
export const aliasesIn = (xml: string): Set<string> =>
  new Set(found(parseXml(xml), 'devices').flatMap((devices) => ['disk', 'interface'].flatMap((kind) => found(devices, kind, 'alias'))).map((alias) => alias.getAttribute('name') ?? ''));
