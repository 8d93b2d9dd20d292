import { createHash } from 'node:crypto';
import type { Stored } from '../image/record.ts';

/** Glance's hashing_algorithm. */
export const HASH_ALGORITHM = 'sha512';

/** Size and hashes of bytes that come piece by piece. */
export function hashing() {
  const md5 = createHash('md5');
  const sha512 = createHash(HASH_ALGORITHM);
  let size = 0;
  return {
    update(bytes: Uint8Array): void {
      size += bytes.length;
      md5.update(bytes);
      sha512.update(bytes);
    },
    stored: (): Stored => ({ size, checksum: md5.digest('hex'), os_hash_algo: HASH_ALGORITHM, os_hash_value: sha512.digest('hex') }),
    get size() { return size; },
  };
}
