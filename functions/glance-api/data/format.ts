/**
 * What the first bytes say about a disk image. Only formats with an unmistakable signature are known here; raw has none.
 */
export interface Inspected { format: string; virtual_size?: number }

/** Bytes from the image's beginning that `inspect` needs. */
export const HEAD_BYTES = 32_768 + 2_048;

/** The format that a signature names, with the size of the disk where the header tells it; undefined where none is found. */
export function inspect(head: Buffer): Inspected | undefined {
  const text = (from: number, to: number) => head.toString('latin1', from, to);
  if (text(0, 4) === 'QFI\xfb' && head.length >= 32) return { format: 'qcow2', virtual_size: Number(head.readBigUInt64BE(24)) };
  if (text(0, 8) === 'vhdxfile') return { format: 'vhdx' };
  if (text(0, 8) === 'conectix') return head.length >= 56 ? { format: 'vhd', virtual_size: Number(head.readBigUInt64BE(48)) } : { format: 'vhd' };
  if (text(0, 4) === 'KDMV') return head.length >= 20 ? { format: 'vmdk', virtual_size: Number(head.readBigUInt64LE(12)) * 512 } : { format: 'vmdk' };
  if (head.length >= 0x178 && head.readUInt32LE(0x40) === 0xbeda107f) return { format: 'vdi', virtual_size: Number(head.readBigUInt64LE(0x170)) };
  if (text(32_769, 32_774) === 'CD001') return { format: 'iso' };
  return undefined;
}

const recognized = new Set(['qcow2', 'vhdx', 'vmdk', 'vdi', 'iso']);

/**
 * Why bytes that begin so cannot be an image of the declared format; undefined where they can. A disk declared raw must not
 * be one of another format, or a hypervisor that probes would follow its header to files of the host.
 */
export function mismatch(declared: string, head: Buffer): string | undefined {
  const found = inspect(head)?.format;
  if (declared === 'raw' && found && found !== 'iso') return `Image declared as raw is of the format ${found}`;
  if (recognized.has(declared) && found !== declared) return `Image is not of the declared format ${declared}${found ? ` but of ${found}` : ''}`;
  return undefined;
}

/** Size of the disk that the guest sees; null where only the bytes themselves could tell. */
export function virtualSize(declared: string, head: Buffer, size: number): number | null {
  if (declared === 'raw' || declared === 'iso') return size;
  const found = inspect(head);
  return found?.format === declared ? (found.virtual_size ?? null) : null;
}
