/**
 * A guest for tests, made of Debian's packages: its cloud kernel, busybox and syslinux, and the scripts of `rootfs/`. The same packages
 * and scripts give the same bytes. Nothing is installed and no right is needed: packages are downloaded by apt-get and unpacked aside.
 * usage: node bin/pinned-node.js test/host/image/build.ts [IMAGE.qcow2]    without a name: into the cache, and prints where
 */
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { archive, type Entry } from './cpio.ts';
import { cached, makeAside, output, unpack, versioned } from './packages.ts';

const rootfs = join(import.meta.dirname, 'rootfs');
/** What a guest needs of what the kernel has as modules; their dependencies come along. The order is the order of loading. */
const modules = ['virtio_pci', 'virtio_blk', 'virtio_net', 'virtio_scsi', 'virtio-rng', 'ata_piix', 'sd_mod', 'sr_mod', 'isofs', 'vfat', 'nls_ascii', 'nls_cp437', 'evdev', 'button'];
const sectors = { disk: 23 * 2048, start: 2048 };

/** The image's path: made once for these packages and scripts, and kept. */
export async function guestImage(): Promise<string> {
  const packages = await packagesWanted();
  const sources = [...files(rootfs), ...files(import.meta.dirname).filter((name) => name.endsWith('.ts'))];
  return cached('qcow2', [...packages, ...sources.flatMap((file) => [relative(rootfs, file), readFileSync(file)])], build(packages));
}

async function packagesWanted(): Promise<string[]> {
  const kernel = /Depends: (linux-image-\S+)/.exec(await output('apt-cache', ['depends', 'linux-image-cloud-amd64']))?.[1];
  if (!kernel) throw new Error('apt knows no linux-image-cloud-amd64: call apt-get update');
  return versioned([kernel, 'busybox-static', 'syslinux', 'syslinux-common', 'mtools']);
}

const build = (packages: string[]) => async (work: string, image: string): Promise<void> => {
  const unpacked = await unpack(packages, work);
  const kernel = readdirSync(join(unpacked, 'boot')).find((name) => name.startsWith('vmlinuz-'))!;
  const disk = join(work, 'disk.raw');
  // One partition that the boot loader reads, behind the master boot record of syslinux; the guest keeps its state there too.
  writeFileSync(disk, Buffer.alloc(sectors.disk * 512));
  const env = { ...process.env, PATH: `${join(unpacked, 'usr/bin')}:${process.env['PATH']}`, SOURCE_DATE_EPOCH: '0', MTOOLS_SKIP_CHECK: '1', TZ: 'UTC' };
  const at = `${disk}@@${sectors.start * 512}`;
  await output('mformat', ['-i', at, '-T', String(sectors.disk - sectors.start), '-h', '16', '-s', '63', '-H', String(sectors.start), '-N', '4e6f7661', '-v', 'GUEST', '::'], { env });
  writeFileSync(join(work, 'initrd'), initrd(unpacked));
  writeFileSync(join(work, 'syslinux.cfg'), loader);
  await output('mcopy', ['-i', at, join(unpacked, 'boot', kernel), '::vmlinuz'], { env });
  await output('mcopy', ['-i', at, join(work, 'initrd'), join(work, 'syslinux.cfg'), '::'], { env });
  await output('syslinux', ['--install', '--offset', String(sectors.start * 512), disk], { env, cwd: work });
  const bytes = readFileSync(disk);
  readFileSync(join(unpacked, 'usr/lib/syslinux/mbr/mbr.bin')).copy(bytes);
  partitionTable().copy(bytes, 446);
  writeFileSync(disk, bytes);
  await output('qemu-img', ['convert', '-c', '-f', 'raw', '-O', 'qcow2', disk, image]);
};

const loader = `SERIAL 0 115200
DEFAULT linux
PROMPT 0
LABEL linux
  KERNEL vmlinuz
  INITRD initrd
  APPEND console=tty1 console=ttyS0,115200 rdinit=/bin/init mitigations=off nowatchdog no_timer_check random.trust_cpu=on panic=10
`;

function partitionTable() {
  const table = Buffer.alloc(66);
  table[0] = 0x80; // active
  table.fill(0xfe, 1, 4); // beyond what cylinders, heads and sectors can say: the numbers below count
  table[4] = 0x0e; // FAT16 by LBA
  table.fill(0xfe, 5, 8);
  table.writeUInt32LE(sectors.start, 8);
  table.writeUInt32LE(sectors.disk - sectors.start, 12);
  table.writeUInt16LE(0xaa55, 64);
  return table;
}

function initrd(unpacked: string) {
  const entries: Entry[] = ['bin', 'dev', 'etc', 'lib', 'lib/modules', 'mnt', 'proc', 'root', 'run', 'state', 'sys', 'tmp'].map((path) => ({ path, mode: 0o40755 }));
  entries.push({ path: 'dev/console', mode: 0o20600, device: [5, 1] });
  entries.push({ path: 'bin/busybox', mode: 0o100755, content: readFileSync(join(unpacked, 'bin/busybox')) });
  entries.push({ path: 'sbin', mode: 0o120777, content: Buffer.from('bin') });
  const order: string[] = [];
  const all = files(join(unpacked, 'lib/modules'));
  const take = (name: string) => {
    const file = all.find((path) => basename(path).replaceAll('-', '_') === `${name.replaceAll('-', '_')}.ko`);
    if (!file) throw new Error(`the kernel's package has no module ${name}`);
    if (order.includes(basename(file))) return;
    const content = readFileSync(file);
    for (const needed of /\0depends=([^\0]*)\0/.exec(content.toString('latin1'))?.[1]?.split(',') ?? []) if (needed) take(needed);
    order.push(basename(file));
    entries.push({ path: `lib/modules/${basename(file)}`, mode: 0o100644, content });
  };
  modules.forEach(take);
  entries.push({ path: 'lib/modules/order', mode: 0o100644, content: Buffer.from(`${order.join('\n')}\n`) });
  for (const file of files(rootfs)) {
    const path = relative(rootfs, file);
    const folders = path.split('/').slice(0, -1).map((_, index, parts) => parts.slice(0, index + 1).join('/'));
    for (const folder of folders) if (!entries.some((entry) => entry.path === folder)) entries.push({ path: folder, mode: 0o40755 });
    const content = readFileSync(file);
    entries.push({ path, mode: content.subarray(0, 2).toString() === '#!' ? 0o100755 : 0o100644, content });
  }
  return gzipSync(archive(entries), { level: 9 });
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort().map((name) => join(folder, name)).filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

if (import.meta.main) {
  const [target] = process.argv.slice(2);
  if (target) await makeAside(resolve(target), build(await packagesWanted()));
  else console.log(await guestImage());
}
