import type { Static } from '@sinclair/typebox';
import type { commandArgs } from './command.ts';

const SECONDS = 120;
const LEAST_BYTES_A_SECOND = 20_000_000;

/**
 * How many seconds a host may take to make a volume's file: an image is fetched, unpacked and grown; a volume (or a snapshot) is read and
 * written. nova-compute lets it work for so long, and cinder waits for it for so long.
 */
export function secondsToCreate({ size_gb, image, source_volume_id }: Pick<Static<typeof commandArgs.create_volume>, 'size_gb' | 'image' | 'source_volume_id'>): number {
  const bytes = source_volume_id ? size_gb * 1024 ** 3 : (image?.size ?? 0);
  return SECONDS + Math.ceil(bytes / LEAST_BYTES_A_SECOND);
}
