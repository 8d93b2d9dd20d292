import { gzipSync } from 'node:zlib';

/** A file of an archive; its path has no leading slash and at most 100 bytes. */
export interface Packed { path: string; mode: number; content: Buffer }

/** A gzipped archive in POSIX's ustar format: regular files of root's, without times, so that the same files give the same bytes. */
export function tarball(files: Packed[]): Buffer {
  const blocks = files.flatMap(({ path, mode, content }) => [header(path, mode, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
  const packed = gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), { level: 9 });
  packed[9] = 255; // the system that packed it: unknown
  return packed;
}

const BLOCK = 512;

function header(path: string, mode: number, size: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`${path} is too long for an archive`);
  const made = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) => made.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  made.write(path, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8); // owner
  octal(0, 116, 8); // group
  octal(size, 124, 12);
  octal(0, 136, 12); // time
  made.write('        ', 148); // the checksum is made as if it were blanks
  made.write('0', 156); // a regular file
  made.write('ustar\x0000', 257);
  made.write('root', 265);
  made.write('root', 297);
  octal(made.reduce((sum, byte) => sum + byte, 0), 148, 7);
  return made;
}
