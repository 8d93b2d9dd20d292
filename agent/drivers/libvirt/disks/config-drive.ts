import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { CommandFailed } from '../../../run.ts';
import { ActionFailed } from '../../driver.ts';
import type { Storage } from './storage.ts';
import { complaint, Missing, tool, writing } from './tools.ts';

/** Any of these makes an ISO 9660 image; the first that is there. */
const makers = [['genisoimage'], ['mkisofs'], ['xorriso', '-as', 'mkisofs']] as const;
/** Long names in both ways, so that every system reads them; `config-2` is what cloud-init looks for. */
const options = ['-quiet', '-J', '-r', '-V', 'config-2'];

/** Writes an ISO of the files. They hold passwords and keys: but for the ISO, nothing of them stays. */
export async function writeConfigDrive(storage: Storage, files: Map<string, Buffer>, file: string): Promise<void> {
  const content = storage.draft();
  const draft = storage.draft('.iso');
  try {
    await writing('a config drive', async () => {
      await mkdir(content, { mode: 0o700 });
      for (const [path, bytes] of files) {
        const place = join(content, normalize(join('/', path)));
        await mkdir(dirname(place), { recursive: true });
        await writeFile(place, bytes, { mode: 0o600, flag: 'wx' });
      }
      await makeIso(content, draft);
      await storage.place(draft, file, 'own');
    });
  } catch (error) {
    if (error instanceof CommandFailed) throw new ActionFailed(`The config drive could not be made: ${complaint(error)}.`, { retryable: true, cause: error });
    throw error;
  } finally {
    await storage.discard(content, draft);
  }
}

async function makeIso(content: string, draft: string): Promise<void> {
  for (const [program, ...first] of makers) {
    try {
      await tool(program, [...first, ...options, '-o', draft, content]);
      return;
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
    }
  }
  throw new ActionFailed('The host cannot make a config drive: an operator installs it with apt-get install genisoimage (or xorriso).', { retryable: true });
}
