import type { FileHandle } from 'node:fs/promises';

const BLOCK = 64 * 1024;
const zeros = Buffer.alloc(BLOCK);

/**
 * Writes `data` at `position`, without its blocks of zeros: in a new file they read as zeros all the same, and take no room on the disk.
 * Blocks are counted from the file's beginning, so it does not matter in what pieces the data comes. The file's length is the caller's to set.
 */
export async function writeSparse(file: FileHandle, data: Buffer, position: number): Promise<void> {
  const end = position + data.length;
  for (let from = position, to; from < end; from = to) {
    to = Math.min(end, from - (from % BLOCK) + BLOCK);
    const piece = data.subarray(from - position, to - position);
    if (piece.equals(zeros.subarray(0, piece.length))) continue;
    for (let at = 0; at < piece.length;) at += (await file.write(piece, at, piece.length - at, from + at)).bytesWritten;
  }
}
