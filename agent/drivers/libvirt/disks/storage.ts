import { createHash } from 'node:crypto';
import { join } from 'node:path';

const POOLS = '/var/lib/novaless';

/**
 * Where the disks of a host lie. QEMU runs as a user of its own, who can't pass through an agent's private folder or a user's home; so an
 * agent with root's rights has them in a folder of their own, told apart by the driver's folder: hosts that share a machine share no disk.
 */
export function storageFolder(driverFolder: string, configured?: string): string {
  if (configured) return configured;
  return process.getuid?.() === 0 ? join(POOLS, createHash('sha256').update(driverFolder).digest('hex').slice(0, 12)) : join(driverFolder, 'disks');
}
