import { existsSync, readdirSync, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, removeFile } from '../../files.ts';
import { ActionFailed, type Images, type Args, type Job } from '../driver.ts';

const GIB = 1024 ** 3;

export type Pool = ReturnType<typeof openPool>;

/** The volumes of a host: sparse files of their size. */
export function openPool(folder: string, totalGb: number, images: Images) {
  const files = makeFolder(folder, 'pool');
  const fileOf = (volume: string) => join(files, `${volume}.raw`);
  const sizeGb = (volume: string) => statSync(fileOf(volume)).size / GIB;
  const usedGb = () => readdirSync(files).filter((name) => name.endsWith('.raw')).reduce((sum, name) => sum + statSync(join(files, name)).size, 0) / GIB;
  return {
    has: (volume: string) => existsSync(fileOf(volume)),
    space: () => ({ total_gb: totalGb, free_gb: Math.max(0, totalGb - usedGb()) }),

    async create({ volume_id: volume, size_gb: size, image, source_volume_id: source }: Args<'create_volume'>, { signal }: Job) {
      if (existsSync(fileOf(volume))) {
        if (sizeGb(volume) === size) return;
        throw new ActionFailed(`Volume ${volume} is there already, with ${sizeGb(volume)} GB.`);
      }
      if (size < 1) throw new ActionFailed(`A volume of ${size} GB cannot be made.`);
      if (usedGb() + size > totalGb) throw new ActionFailed(`The pool has no room for ${size} GB.`, { retryable: true });
      if (source !== undefined && !existsSync(fileOf(source))) throw new ActionFailed(`Source volume ${source} is not on this host.`);
      if (source !== undefined && sizeGb(source) > size) throw new ActionFailed(`Source volume ${source} is larger than ${size} GB.`);
      if (image) {
        if (image.size > size * GIB) throw new ActionFailed(`Image ${image.id} is larger than ${size} GB.`);
        await images.verify(image, signal);
      }
      const draft = join(files, `${volume}.new`);
      const handle = await open(draft, 'w', 0o600);
      try {
        await handle.truncate(size * GIB);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, fileOf(volume));
    },

    remove: (volume: string) => removeFile(fileOf(volume)),
  };
}
