import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { checkContent, Unacceptable } from './content.ts';

const folder = mkdtempSync(join(tmpdir(), 'novaless-content-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'image');
const verdict = async (bytes: Buffer, disk_format: string): Promise<string> => {
  writeFileSync(file, bytes);
  try {
    await checkContent(file, disk_format);
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof Unacceptable, String(error));
    return error.message;
  }
};

/** A qcow2 header of version 3 that is all right. */
function qcow2(change: (header: Buffer) => void = () => {}): Buffer {
  const header = Buffer.alloc(512);
  header.write('QFI\xfb', 'latin1');
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(104, 100);
  change(header);
  return header;
}
const extension = (type: number, length = 8) => (header: Buffer) => {
  header.writeUInt32BE(0x6803f857, 104); // a table of feature names, then it
  header.writeUInt32BE(3, 108);
  header.writeUInt32BE(type, 120);
  header.writeUInt32BE(length, 124);
};

test('what leads out of a qcow2 file is found wherever it stands', async () => {
  assert.equal(await verdict(qcow2(), 'qcow2'), 'accepted');
  assert.equal(await verdict(qcow2(extension(0xe2792aca)), 'qcow2'), 'accepted');
  assert.match(await verdict(qcow2(extension(0x44415441)), 'qcow2'), /data_file/);
  assert.match(await verdict(qcow2(extension(0x11111111, 0xfffffff0)), 'qcow2'), /no end/);
  assert.match(await verdict(qcow2((header) => header.writeBigUInt64BE(1n, 8)), 'qcow2'), /backing file/);
  assert.match(await verdict(qcow2((header) => header.writeBigUInt64BE(4n, 72)), 'qcow2'), /data_file/);
  assert.match(await verdict(qcow2((header) => header.writeBigUInt64BE(2n, 72)), 'qcow2'), /corrupt/);
  assert.match(await verdict(qcow2((header) => header.writeBigUInt64BE(1n << 63n, 72)), 'qcow2'), /Unknown/);
  assert.match(await verdict(qcow2((header) => header.writeUInt32BE(4, 4)), 'qcow2'), /version 4/);
  assert.match(await verdict(qcow2().subarray(0, 80), 'qcow2'), /cut off/);
});

test('a differencing VHD needs its parent and is refused', async () => {
  const header = Buffer.alloc(1024);
  header.write('conectix');
  header.writeUInt32BE(4, 60);
  assert.match(await verdict(header, 'vhd'), /backing file/);
});

test('no image makes the check fail in any other way than by its reason, and none is taken for what it is not', async () => {
  const marks = ['QFI\xfb\0\0\0\x03', 'QFI\xfb\0\0\0\x02', 'KDMV\x01\0\0\0', 'conectix', 'vhdxfile', '# Disk DescriptorFile\n', 'QED\0', 'LUKS\xba\xbe', ''].map((mark) => Buffer.from(mark, 'latin1'));
  const contents = fc.tuple(fc.constantFrom(...marks), fc.uint8Array({ maxLength: 3000 }), fc.boolean()).map(([mark, rest, doubled]) => Buffer.concat([mark, rest, ...(doubled ? [mark, rest] : [])]));
  await fc.assert(fc.asyncProperty(contents, fc.constantFrom('raw', 'qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx', 'iso'), async (bytes, disk_format) => {
    const told = await verdict(bytes, disk_format);
    if (told !== 'accepted') return;
    const starts = marks.findIndex((mark) => mark.length > 0 && bytes.subarray(0, mark.length).equals(mark));
    if (starts >= 0) assert.equal(disk_format, ['qcow2', 'qcow2', 'vmdk', 'vhd', 'vhdx'][starts]);
  }), { numRuns: 400 });
});
