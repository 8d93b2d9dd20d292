import { readFileSync, statSync } from 'node:fs';
import { kvmWorks } from './drivers/libvirt/kvm.ts';
import { openVirsh } from './drivers/libvirt/virsh.ts';
import { missingForNetworks } from './network/network.ts';
import { isInstalled, run } from './run.ts';

/** Something that a host lacks for guests, and what an operator does about it. */
export interface Lack { what: string; how: string }
export interface HostCheck {
  lacks: Lack[];
  /** What there is, for whoever reads it: libvirt's version, and whether guests run on the processor itself. */
  facts: string;
}

interface Program { names: string[]; debian: string; redhat: string }

const emulators: Partial<Record<NodeJS.Architecture, Program>> = {
  x64: { names: ['qemu-system-x86_64', '/usr/libexec/qemu-kvm'], debian: 'qemu-system-x86', redhat: 'qemu-kvm' },
  arm64: { names: ['qemu-system-aarch64', '/usr/libexec/qemu-kvm'], debian: 'qemu-system-arm', redhat: 'qemu-kvm' },
};
/** All that the agent runs; of several names one is enough. */
const programs: Program[] = [
  { names: ['virsh'], debian: 'libvirt-clients', redhat: 'libvirt-client' },
  emulators[process.arch] ?? { names: [`qemu-system-${process.arch}`], debian: 'qemu-system', redhat: 'qemu-kvm' },
  { names: ['qemu-img'], debian: 'qemu-utils', redhat: 'qemu-img' },
  { names: ['genisoimage', 'mkisofs', 'xorriso'], debian: 'genisoimage', redhat: 'xorriso' },
  { names: ['dnsmasq'], debian: 'dnsmasq-base', redhat: 'dnsmasq' },
  { names: ['nft'], debian: 'nftables', redhat: 'nftables' },
  { names: ['ip'], debian: 'iproute2', redhat: 'iproute' },
  { names: ['bridge'], debian: 'iproute2', redhat: 'iproute' },
  { names: ['sysctl'], debian: 'procps', redhat: 'procps-ng' },
  ...['nsenter', 'unshare', 'setpriv', 'prlimit'].map((name) => ({ names: [name], debian: 'util-linux', redhat: 'util-linux' })),
];

/** The rights of root that the agent uses, with their bits in /proc; the systemd unit gives these and no others. */
const capabilities = {
  CAP_CHOWN: 0, CAP_DAC_OVERRIDE: 1, CAP_FOWNER: 3, CAP_KILL: 5, CAP_SETGID: 6, CAP_SETUID: 7, CAP_NET_BIND_SERVICE: 10, CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21,
};

/** What the libvirt driver would lack on this machine; changes nothing. */
export async function checkHost(): Promise<HostCheck> {
  if (process.platform !== 'linux') return { lacks: [{ what: 'Linux', how: 'libvirt hosts run Linux' }], facts: '' };
  const missing = programs.filter(({ names }) => !names.some(isInstalled));
  const rights = lackOfRights();
  const lacks = [...lackOfPrograms(missing), ...rights];
  let facts = '';
  // Whether libvirt would answer an agent with the rights that it needs, only such a one can tell.
  if (rights.length === 0 && !missing.some(({ names }) => names.includes('virsh'))) {
    try {
      facts = await libvirtFacts();
    } catch (error) {
      lacks.push({ what: 'a libvirt that answers', how: howToStart(error) });
    }
  }
  // And only where all of that is there can the rest be tried.
  if (lacks.length === 0) lacks.push(...(await missingForNetworks()).map((what) => ({ what, how: '' })));
  return { lacks, facts };
}

/** In one line: what is missing and what to do. */
export const lacksInWords = (lacks: Lack[]): string => lacks.map(({ what, how }) => (how ? `${what} (${how})` : what)).join('; ');

function lackOfPrograms(missing: Program[]): Lack[] {
  if (missing.length === 0) return [];
  const redhat = isRedHat();
  const packages = [...new Set(missing.map((each) => (redhat ? each.redhat : each.debian)))];
  // Its daemon comes in no package of the others.
  if (missing.some(({ names }) => names.includes('virsh'))) packages.unshift(redhat ? 'libvirt-daemon-kvm' : 'libvirt-daemon-system');
  return [{ what: missing.map(({ names }) => names[0]!).join(', '), how: `${redhat ? 'dnf install' : 'apt-get install'} ${packages.join(' ')}` }];
}

function isRedHat(): boolean {
  try {
    return /^ID(_LIKE)?=.*\b(rhel|fedora|centos)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

function lackOfRights(): Lack[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
  const without = Object.entries(capabilities).filter(([, bit]) => !(effective & (1n << BigInt(bit)))).map(([name]) => name);
  if (without.length === 0) return [];
  return [{ what: without.length === Object.keys(capabilities).length ? "root's rights" : `the rights ${without.join(', ')}`, how: 'run it as root' }];
}

/** Asks libvirt only what it knows at once: on some machines it looks QEMU over for seconds at each question about it. */
async function libvirtFacts(): Promise<string> {
  const virsh = openVirsh();
  const [version] = await Promise.all([run('virsh', ['--version']), virsh(['list', '--name'], { timeoutMs: 10_000 })]);
  return `libvirt ${version.trim()}, ${await kvm()}`;
}

/** QEMU runs as a user of its own, in the group that udev gives the device to. That it may use the device says not yet that guests run on it. */
async function kvm(): Promise<string> {
  const emulated = 'so guests are emulated, and slow';
  const device = statSync('/dev/kvm', { throwIfNoEntry: false });
  if (!device) return 'no KVM: guests are emulated, and slow';
  const usable = (device.mode & 0o006) === 0o006 || ((device.mode & 0o060) === 0o060 && device.gid !== 0);
  if (!usable) return `KVM is there, but QEMU's user may not use it, ${emulated} (chgrp kvm /dev/kvm && chmod 660 /dev/kvm)`;
  const emulator = emulators[process.arch]?.names.find(isInstalled);
  return emulator === undefined || (await kvmWorks(emulator)) ? 'KVM' : `KVM is there, but stops a guest that boots, as some nested virtualizations do, ${emulated}`;
}

function howToStart(error: unknown): string {
  const said = (error as Error).message;
  return `systemctl enable --now ${isRedHat() ? 'virtqemud.socket virtlogd.socket' : 'libvirtd'}; ${said}`;
}
