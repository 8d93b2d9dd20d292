import { watch, type FSWatcher } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../files.ts';

const LOG = /^([0-9a-f-]{36})\.log$/;

/** What the guests wrote on their first serial port. virtlogd writes the files, and turns a long one over to NAME.log.0, .1, …: a chatty guest fills no disk. */
export function serialLogs(driverFolder: string, changed: (uuid: string) => void) {
  const folder = makeFolder(driverFolder, 'consoles');
  const watcher: FSWatcher = watch(folder, { persistent: false }, (_event, name) => {
    const uuid = LOG.exec(name ?? '')?.[1];
    if (uuid) changed(uuid);
  });
  watcher.on('error', () => {});
  const pathOf = (uuid: string) => join(folder, `${uuid}.log`);

  return {
    pathOf,
    /** The last `bytes`; of a guest that has written nothing yet, none. */
    async tail(uuid: string, bytes: number): Promise<Buffer> {
      const last = await tailOf(pathOf(uuid), bytes);
      return last.length < bytes ? Buffer.concat([await tailOf(`${pathOf(uuid)}.0`, bytes - last.length), last]) : last;
    },
    async remove(uuid: string): Promise<void> {
      for (const name of await readdir(folder)) if (name.startsWith(`${uuid}.log`)) await rm(join(folder, name), { force: true });
    },
    stop: () => watcher.close(),
  };
}

async function tailOf(file: string, bytes: number): Promise<Buffer> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(bytes, size)), 0, Math.min(bytes, size), Math.max(0, size - bytes));
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}
