import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDisks, type Disks } from '../../agent/drivers/libvirt/disks/disks.ts';
import type { Args, Images } from '../../agent/drivers/driver.ts';
import { isInstalled } from '../../agent/run.ts';
import type { Disk } from '../../shared/agent/command.ts';

export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;
export const isRoot = process.getuid?.() === 0;
/** Stands for QEMU's own user: anybody but the agent. */
export const QEMU = isRoot ? { uid: 65534, gid: 65534 } : undefined;

export const lacking = ['qemu-img', 'qemu-io', 'setpriv', 'mkfs.ext4', 'isoinfo'].filter((program) => !isInstalled(program));
export const skip = lacking.length > 0 && `this machine has no ${lacking.join(', ')} (apt-get install qemu-utils genisoimage)`;

export const sh = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
export const forever = new AbortController().signal;
export const job = { id: 'command', signal: forever };

export type TestImage = Extract<Disk['source'], { type: 'image' }>;
export type DisksRig = ReturnType<typeof disksRig>;

/** Disks in a folder of their own, and images that are files of this machine; `fetched` counts how often each was asked for. */
export function disksRig(folder = mkdtempSync(join(tmpdir(), 'novaless-disks-'))) {
  chmodSync(folder, 0o711);
  const [store, root] = [join(folder, 'store'), join(folder, 'disks')];
  mkdirSync(store, { recursive: true });
  const fetched = new Map<string, number>();
  const opened: Disks[] = [];
  const images: Images = {
    async verify() {},
    async fetch({ id, location }, file) {
      fetched.set(id, (fetched.get(id) ?? 0) + 1);
      copyFileSync(location.slice('s3://'.length), file);
    },
  };
  const open = () => {
    const disks = openDisks({ folder: root, images, qemu: async () => QEMU });
    opened.push(disks);
    return disks;
  };
  return {
    folder, root, store, fetched, images, open,
    /** Of a file of the store, as glance would tell it. */
    image: (file: string, disk_format: string, size_gb = 1): TestImage => ({
      type: 'image', image_id: randomUUID(), location: `s3://${file}`, size: statSync(file).size, checksum: createHash('md5').update(readFileSync(file)).digest('hex'), disk_format, size_gb,
    }),
    /** A new image file in a format of qemu-img's, with `content` at its beginning. */
    make(name: string, format: string, { mb = 8, content = 'hello', options = [] as string[] } = {}): string {
      const raw = join(store, `${name}.source`);
      writeFileSync(raw, content);
      sh('truncate', '-s', String(mb * MIB), raw);
      const file = join(store, name);
      sh('qemu-img', 'convert', '-f', 'raw', '-O', format, ...options, raw, file);
      return file;
    },
    /** All files, but for the images' own. */
    left: () => globSync('{guests,drafts,volumes}/**', { cwd: root }).filter((path) => path.includes('/')),
    cached: () => globSync('images/*', { cwd: root }),
    end(): void {
      for (const disks of opened) disks.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const volumeImage = ({ image_id: id, location, size, checksum, disk_format }: TestImage) => ({ id, location, size, checksum, disk_format });

export function guest(...sources: Disk['source'][]): Args<'spawn'> {
  return {
    instance_uuid: randomUUID(), project_id: 'p', user_id: 'u', name: 'n', hostname: 'n', launch_index: 0,
    flavor: { name: 'f', vcpus: 1, memory_mb: 128, root_gb: 1, ephemeral_gb: 0, swap: 0, extra_specs: {} },
    image_properties: {}, vifs: [], config_drive: false, key_name: null, key_data: null, user_data: null, metadata: {}, availability_zone: 'nova', console_public_key: '',
    disks: sources.map((source, i) => ({ device: `/dev/vd${'abcdef'[i]}`, boot_index: i === 0 ? 0 : null, source })),
  };
}

/** What a guest would read from a disk: its first bytes. */
export const beginning = (file: string, format: string, bytes = 5): string =>
  sh('qemu-io', '-r', '-f', format, '-c', `read -v 0 512`, file).split('\n').filter((line) => /^[0-9a-f]{8}:/.test(line))
    .flatMap((line) => line.slice(10, 58).trim().split(/\s+/)).slice(0, bytes).map((hex) => String.fromCharCode(parseInt(hex, 16))).join('');
