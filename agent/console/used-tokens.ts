import { join } from 'node:path';
import { readRecord, savedFile } from '../files.ts';

const AFTER_SECONDS = 60; // for clocks that are set back a little

/** The tokens that a host's consoles were opened with, until they'd have expired anyway; on disk, so that a restart opens none again. */
export function usedTokens(folder: string) {
  const file = join(folder, 'console-tokens.json');
  const used = new Map(Object.entries(readRecord<Record<string, number>>(file) ?? {}));
  const save = savedFile(file, () => JSON.stringify(Object.fromEntries(used)));
  return {
    /** False where it was used before; true only once that is on disk. */
    async use(jti: string, exp: number): Promise<boolean> {
      if (used.has(jti)) return false;
      const now = Date.now() / 1000;
      for (const [each, end] of used) if (end + AFTER_SECONDS < now) used.delete(each);
      used.set(jti, exp);
      await save();
      return true;
    },
  };
}
