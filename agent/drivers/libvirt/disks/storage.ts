import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, statSync, statfsSync } from 'node:fs';
import { chmod, chown, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ActionFailed } from '../../driver.ts';
import { syncFolder } from '../../../files.ts';
import type { QemuUser } from './disks.ts';

export const GIB = 1024 ** 3;
const POOLS = '/var/lib/novaless';

/**
 * Where the disks of a host lie. QEMU runs as a user of its own, who can't pass through an agent's private folder or a user's home; so an
 * agent with root's rights has them in a folder of their own, told apart by the driver's folder: hosts that share a machine share no disk.
 */
export function storageFolder(driverFolder: string, configured?: string): string {
  if (configured) return configured;
  return process.getuid?.() === 0 ? join(POOLS, createHash('sha256').update(driverFolder).digest('hex').slice(0, 12)) : join(driverFolder, 'disks');
}

export type Storage = ReturnType<typeof openStorage>;

/**
 * The folders of a host's disks and how files come to be in them: each is made as a draft under a name of nobody's, and put in its place
 * when it is whole and on disk. Drafts that a crash left are gone at the next opening.
 */
export function openStorage(root: string, qemu: () => Promise<QemuUser | undefined>) {
  mkdirSync(dirname(root), { recursive: true, mode: 0o711 });
  if (dirname(root) === POOLS) chmodSync(POOLS, 0o711); // whatever the umask
  const folders = { root, images: join(root, 'images'), drafts: join(root, 'drafts'), guests: join(root, 'guests'), volumes: join(root, 'volumes') };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const draft of readdirSync(folders.drafts)) rmSync(join(folders.drafts, draft), { recursive: true, force: true });
  let user: Promise<QemuUser | undefined> | undefined;

  /** QEMU's group may pass through the folders, and nobody else; only the agent lists or changes them. */
  async function letPass(): Promise<QemuUser | undefined> {
    const known = await qemu();
    if (!known) return undefined;
    for (const folder of Object.values(folders)) givePassage(folder, known);
    for (let folder = dirname(root); folder !== dirname(folder); folder = dirname(folder)) {
      const { mode, uid, gid } = statSync(folder);
      const passes = uid === known.uid ? mode & 0o100 : gid === known.gid ? mode & 0o010 : mode & 0o001;
      if (!passes) throw new ActionFailed(`QEMU (user ${known.uid}) can't reach the disks in ${root}: ${folder} lets others not pass.`, { retryable: true });
    }
    return known;
  }

  const access = () => (user ??= letPass().catch((error: unknown) => {
    user = undefined;
    throw error;
  }));

  return {
    folders,
    /** QEMU's user, once it can reach the files; undefined where it is the agent's own. */
    access,
    draft: (ending = '') => join(folders.drafts, `${randomUUID()}${ending}`),
    guestFolder: (uuid: string) => join(folders.guests, uuid),

    async makeGuestFolder(uuid: string): Promise<string> {
      const user = await access();
      const folder = join(folders.guests, uuid);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (user) givePassage(folder, user);
      return folder;
    },

    /** A new file of `size` bytes that takes no room yet, and that QEMU's user may write. */
    async blank(file: string, size: number): Promise<void> {
      const user = await access();
      const handle = await open(file, 'wx', 0o600);
      try {
        await handle.truncate(size);
        if (user) await handle.chown(user.uid, user.gid);
      } finally {
        await handle.close();
      }
    },

    /** Puts a whole draft in its place, on disk: a disk of one guest, or an image, which many may read and none may write. */
    async place(draft: string, file: string, use: 'own' | 'shared'): Promise<void> {
      const user = await access();
      await sync(draft);
      if (user) await chown(draft, use === 'own' ? user.uid : process.getuid!(), user.gid);
      await chmod(draft, use === 'own' ? 0o600 : user ? 0o640 : 0o400);
      await rename(draft, file);
      await syncFolder(dirname(file));
    },

    async discard(...drafts: string[]): Promise<void> {
      for (const draft of drafts) await rm(draft, { recursive: true, force: true });
    },

    /** Drafts that nothing happened to for so long. Not when they were written: a link to an image is as old as that. */
    async discardOld(ms: number): Promise<void> {
      for (const name of await readdir(folders.drafts)) {
        const draft = join(folders.drafts, name);
        const { ctimeMs } = await stat(draft).catch(() => ({ ctimeMs: Infinity }));
        if (Date.now() - ctimeMs > ms) await rm(draft, { recursive: true, force: true });
      }
    },

    /** The folder goes, and the one that all hosts' are in with the last of them. */
    async removeAll(): Promise<void> {
      await rm(root, { recursive: true, force: true });
      if (dirname(root) === POOLS) await rmdir(POOLS).catch(() => {});
    },

    /** Bytes. */
    room(): { total: number; free: number } {
      const { bsize, blocks, bavail } = statfsSync(root);
      return { total: blocks * bsize, free: bavail * bsize };
    },
  };
}

function givePassage(folder: string, { gid }: QemuUser): void {
  try {
    chownSync(folder, -1, gid);
    chmodSync(folder, 0o710);
  } catch (error) {
    throw new ActionFailed(`The agent may not let QEMU (group ${gid}) into ${folder}: ${(error as NodeJS.ErrnoException).code}. It needs root's rights.`, { retryable: true, cause: error });
  }
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
