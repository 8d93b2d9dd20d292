import { writeFileSync } from 'node:fs';

/** An empty qcow2 file (version 2, no backing file) of the given virtual size in MiB, padded to `bytes`. */
export function writeQcow2(path: string, { virtualMiB = 64, bytes = 262_144 } = {}): string {
  const file = Buffer.alloc(bytes);
  file.write('QFI\xfb', 0, 'latin1');
  file.writeUInt32BE(2, 4); // version
  file.writeUInt32BE(16, 20); // cluster bits: 64 KiB
  file.writeBigUInt64BE(BigInt(virtualMiB) * 1_048_576n, 24);
  file.writeUInt32BE(1, 36); // one L1 entry
  file.writeBigUInt64BE(196_608n, 40); // L1 table offset
  file.writeBigUInt64BE(65_536n, 48); // refcount table offset
  file.writeUInt32BE(1, 56);
  file.writeBigUInt64BE(131_072n, 65_536);
  for (const cluster of [0, 1, 2, 3]) file.writeUInt16BE(1, 131_072 + cluster * 2);
  writeFileSync(path, file);
  return path;
}
