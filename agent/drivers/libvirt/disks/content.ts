import { open } from 'node:fs/promises';

/** Where each format's mark is, and what it says; qemu-img's own guess is never asked for. */
const HEAD = 64 * 1024;
const TAIL = 1536;
const SECTOR = 512;
const VMDK_DESCRIPTOR_BYTES = 1024 ** 2;

/** Why an image is not taken. */
export class Unacceptable extends Error {
  override name = 'Unacceptable';
}

interface Content { head: Buffer; tail: Buffer; descriptor: (offset: number, length: number) => Promise<Buffer> }

const starts = (mark: string | Buffer, at = 0) => ({ head }: Content) => head.subarray(at, at + mark.length).equals(Buffer.from(mark as string));
const marks: Record<string, (content: Content) => boolean> = {
  qcow2: starts(Buffer.from('QFI\xfb', 'latin1')),
  qed: starts('QED\0'),
  vmdk: (content) => starts('KDMV')(content) || starts('COWD')(content) || /^\s*# disk descriptorfile/i.test(content.head.subarray(0, SECTOR).toString('latin1')) || /^createtype\s*=/im.test(textOf(content.head)),
  vdi: starts(Buffer.from([0x7f, 0x10, 0xda, 0xbe]), 0x40),
  vhd: (content) => starts('conectix')(content) || content.tail.subarray(-SECTOR).subarray(0, 8).equals(Buffer.from('conectix')),
  vhdx: starts('vhdxfile'),
  luks: starts(Buffer.from('LUKS\xba\xbe', 'latin1')),
  parallels: (content) => starts('WithoutFreeSpace')(content) || starts('WithouFreSpacExt')(content),
  iso: (content) => ['CD001', 'NSR02', 'NSR03'].some((mark) => starts(mark, 0x8001)(content)),
};

/** The beginning, where it is text. */
function textOf(head: Buffer): string {
  const text = head.toString('latin1').split('\0', 1)[0]!;
  return /^[\t\n\r\x20-\x7e]+$/.test(text) ? text : '';
}

/**
 * Looks at an image's first and last bytes, before any program that follows what they say: it must be of the one format that was declared
 * (glance's `disk_format`), and nothing in it may lead to another file. Throws Unacceptable, in Nova's words where it has some.
 */
export async function checkContent(file: string, disk_format: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const read = async (position: number, length: number) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    };
    const content: Content = { head: await read(0, HEAD), tail: await read(Math.max(0, size - TAIL), Math.min(size, TAIL)), descriptor: read };
    const found = Object.keys(marks).filter((format) => marks[format]!(content));
    // A disk in raw form is what it is, whatever the last sector of a file system says.
    if (disk_format === 'raw' && found.length === 1 && found[0] === 'vhd' && !starts('conectix')(content)) return;
    const expected = disk_format === 'raw' ? [] : [disk_format];
    if (found.length !== expected.length || found[0] !== expected[0]) {
      throw new Unacceptable(`Image content does not match disk_format: it is ${found.join(' and ') || 'of no known format'}, not ${disk_format}`);
    }
    await leadsNowhere[disk_format]?.(content);
  } finally {
    await handle.close();
  }
}

const QCOW2_FEATURES = { corrupt: 1n << 1n, dataFile: 1n << 2n, known: 0b11111n };
const DATA_FILE_NAME = 0x44415441;

const leadsNowhere: Record<string, (content: Content) => void | Promise<void>> = {
  qcow2({ head }) {
    if (head.length < 72) throw new Unacceptable('its header is cut off');
    const version = head.readUInt32BE(4);
    if (version !== 2 && version !== 3) throw new Unacceptable(`qcow2 of version ${version} is not supported`);
    if (head.readBigUInt64BE(8) !== 0n) throw new Unacceptable('Image has a backing file');
    if (head.readUInt32BE(32) !== 0) throw new Unacceptable('Image is encrypted');
    if (version === 2) return;
    if (head.length < 104) throw new Unacceptable('its header is cut off');
    const features = head.readBigUInt64BE(72);
    if (features & QCOW2_FEATURES.dataFile) throw new Unacceptable('Image has data_file set');
    if (features & QCOW2_FEATURES.corrupt) throw new Unacceptable('Image is marked as corrupt');
    if (features & ~QCOW2_FEATURES.known) throw new Unacceptable('Unknown QCOW2 features found');
    for (let at = head.readUInt32BE(100); at + 8 <= head.length;) {
      const [type, length] = [head.readUInt32BE(at), head.readUInt32BE(at + 4)];
      if (type === 0) return;
      if (type === DATA_FILE_NAME) throw new Unacceptable('Image has data_file set');
      at += 8 + Math.ceil(length / 8) * 8;
    }
    throw new Unacceptable('its header has no end');
  },

  async vmdk(content) {
    const { head, tail, descriptor } = content;
    if (!starts('KDMV')(content) || head.length < SECTOR) throw new Unacceptable('Invalid VMDK create-type specified');
    const header = sparseHeader(head);
    // QEMU reads the file names of the descriptor where a header gives no capacity.
    if (header.capacity === 0n || ![1, 2, 3].includes(header.version)) throw new Unacceptable('Invalid VMDK header');
    if (header.descriptorAt !== 1n) throw new Unacceptable('Wrong VMDK descriptor location');
    if (header.grainDirectoryAt === 0xffffffffffffffffn) {
      // The header at the end is the one that counts then.
      const footer = tail.subarray(-1024, -512);
      if (footer.length < SECTOR || footer.subarray(0, 4).toString('latin1') !== 'KDMV') throw new Unacceptable('its end is cut off');
      const end = sparseHeader(footer);
      if (end.capacity !== header.capacity || end.version !== header.version || end.descriptorAt !== header.descriptorAt || end.descriptorSectors !== header.descriptorSectors || end.grainDirectoryAt === header.grainDirectoryAt) {
        throw new Unacceptable('VMDK header and footer do not match');
      }
    }
    checkVmdkDescriptor(await descriptor(SECTOR, Math.min(Number(header.descriptorSectors) * SECTOR, VMDK_DESCRIPTOR_BYTES)));
  },

  vhd(content) {
    const footer = starts('conectix')(content) ? content.head : content.tail.subarray(-SECTOR);
    const type = footer.length >= SECTOR ? footer.readUInt32BE(60) : 0;
    if (type !== 2 && type !== 3) throw new Unacceptable(type === 4 ? 'Image has a backing file' : 'Invalid VHD disk type');
  },
};

const sparseHeader = (header: Buffer) => ({
  version: header.readUInt32LE(4), capacity: header.readBigUInt64LE(12),
  descriptorAt: header.readBigUInt64LE(28), descriptorSectors: header.readBigUInt64LE(36), grainDirectoryAt: header.readBigUInt64LE(56),
});

/** Every line must be one that is known to lead nowhere, and the one extent the file itself. */
function checkVmdkDescriptor(bytes: Buffer): void {
  const lines = bytes.toString('latin1').split('\0', 1)[0]!.toLowerCase().split(/\r?\n/).map((line) => line.trim()).filter((line) => line && !line.startsWith('#'));
  const fields = new Map<string, string>();
  const extents: string[] = [];
  for (const line of lines) {
    const [, name, value] = /^([a-z0-9_.]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (/^(rw|rdonly|noaccess)\s/.test(line)) extents.push(line);
    else if (name !== undefined && !fields.has(name)) fields.set(name, value!.replaceAll('"', ''));
    else throw new Unacceptable('Invalid VMDK descriptor data');
  }
  const type = fields.get('createtype');
  if (type !== 'monolithicsparse' && type !== 'streamoptimized') throw new Unacceptable('Invalid VMDK create-type specified');
  if ((fields.get('parentcid') ?? 'ffffffff') !== 'ffffffff' || fields.has('parentfilenamehint')) throw new Unacceptable('Image has a backing file');
  if (extents.length !== 1 || extents[0]!.includes('/') || extents[0]!.includes('\\')) throw new Unacceptable('Invalid VMDK extents found');
}
