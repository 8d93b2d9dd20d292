/** A file, folder, link or device of an initial file system; `mode` with its type's bits, times all 0, all owned by root. */
export interface Entry {
  path: string;
  mode: number;
  /** A link's target, a file's bytes. */
  content?: Buffer;
  /** Major and minor number. */
  device?: [number, number];
}

/** The entries as Linux takes them for an initramfs: cpio's "newc" format (Documentation/driver-api/early-userspace/buffer-format.rst). */
export function archive(entries: Entry[]): Buffer {
  return Buffer.concat([...entries, { path: 'TRAILER!!!', mode: 0 }].flatMap(({ path, mode, content = Buffer.alloc(0), device = [0, 0] }: Entry, index) => {
    const name = Buffer.from(`${path}\0`);
    const fields = [index + 1, mode, 0, 0, 1, 0, content.length, 0, 0, ...device, name.length, 0];
    return [Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`), name, padding(110 + name.length), content, padding(content.length)];
  }));
}

const padding = (length: number) => Buffer.alloc((4 - (length % 4)) % 4);
