import type { Element } from '@xmldom/xmldom';
import { architecture } from '../machine.ts';
import type { QemuUser } from './disks/disks.ts';
import { kvmWorks } from './kvm.ts';
import { qemuUserIn } from './disks/qemu-user.ts';
import type { Virsh } from './virsh.ts';
import { found, parseXml } from './xml.ts';

/** What libvirt and QEMU can do for guests of this host's own architecture. */
export interface Abilities {
  architecture: string;
  /** Guests run on the processor itself; else they are emulated. */
  kvm: boolean;
  machines: string[];
  uefi: boolean;
  /** `host-model`, `host-passthrough`, `maximum`: those that there are. */
  cpuModes: string[];
  videoModels: string[];
  cpu: { model: string; vendor: string; features: string[]; topology: { sockets: number; cores: number; threads: number } };
  supported: [string, string, string][];
  /** 7.2.22 is 7002022, as Nova counts. */
  version: number;
  qemu: QemuUser | undefined;
}

const supportedBy = (element: Element, list: string) =>
  found(element, 'enum').filter((each) => each.getAttribute('name') === list).flatMap((each) => found(each, 'value').map((value) => value.textContent ?? ''));

const textOf = (element: Element, name: string) => found(element, name)[0]?.textContent ?? '';

/** A machine's virtualization stays what it is while the agent runs; all the hosts of a process share the trial. */
const trials = new Map<string, Promise<boolean>>();
function tried(emulator: string): Promise<boolean> {
  if (!trials.has(emulator)) trials.set(emulator, kvmWorks(emulator));
  return trials.get(emulator)!;
}

/** Throws LibvirtAway. */
async function readAbilities(virsh: Virsh): Promise<Abilities> {
  const ofType = (type: string[]) => virsh(['domcapabilities', '--arch', architecture, ...type]).then(parseXml);
  const [capabilitiesText, best, versionText] = await Promise.all([virsh(['capabilities']), ofType([]), virsh(['version'])]);
  const capabilities = parseXml(capabilitiesText);
  const kvm = textOf(best, 'domain') === 'kvm' && (await tried(textOf(best, 'path')));
  const domain = kvm || textOf(best, 'domain') === 'qemu' ? best : await ofType(['--virttype', 'qemu']);
  const guests = found(capabilities, 'guest');
  const own = guests.flatMap((guest) => found(guest, 'arch')).find((arch) => arch.getAttribute('name') === architecture);
  const [os, cpu, video] = [found(domain, 'os')[0], found(domain, 'cpu')[0], found(domain, 'devices', 'video')[0]];
  const host = found(capabilities, 'host', 'cpu')[0];
  const topology = host && found(host, 'topology')[0];
  const count = (name: string) => Number(topology?.getAttribute(name) ?? 1);
  const [, major, minor, micro] = (/hypervisor: QEMU (\d+)\.(\d+)\.(\d+)/.exec(versionText) ?? []).map(Number);
  return {
    architecture,
    kvm,
    machines: own ? [...new Set([...found(own, 'machine'), ...found(own, 'domain', 'machine')].flatMap((machine) => [machine.textContent ?? '', machine.getAttribute('canonical') ?? '']))].filter(Boolean) : [],
    uefi: os !== undefined && supportedBy(os, 'firmware').includes('efi'),
    cpuModes: cpu ? found(cpu, 'mode').filter((mode) => mode.getAttribute('supported') === 'yes').map((mode) => mode.getAttribute('name') ?? '') : [],
    videoModels: video ? supportedBy(video, 'modelType') : [],
    cpu: {
      model: host && found(host, 'model')[0]?.textContent || 'unknown', vendor: host && found(host, 'vendor')[0]?.textContent || 'unknown',
      features: host ? found(host, 'feature').map((feature) => feature.getAttribute('name') ?? '') : [],
      topology: { sockets: count('sockets'), cores: count('cores'), threads: count('threads') },
    },
    supported: guests.flatMap((guest) => found(guest, 'arch').flatMap((arch) =>
      [...new Set(found(arch, 'domain').map((each) => each.getAttribute('type') ?? ''))].map((type): [string, string, string] => [arch.getAttribute('name') ?? '', type, found(guest, 'os_type')[0]?.textContent ?? 'hvm']))),
    version: (major ?? 0) * 1_000_000 + (minor ?? 0) * 1000 + (micro ?? 0),
    qemu: qemuUserIn(capabilitiesText),
  };
}

/** As asked last; asked again after libvirt was away, as a newer QEMU may have come with it. */
export function rememberAbilities(virsh: Virsh) {
  let known: Promise<Abilities> | undefined;
  return {
    get: (): Promise<Abilities> => (known ??= readAbilities(virsh).catch((error: unknown) => {
      known = undefined;
      throw error;
    })),
    forget: (): void => void (known = undefined),
  };
}
