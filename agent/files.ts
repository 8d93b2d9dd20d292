import { constants, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { log } from '../shared/telemetry/log.ts';

/** State files hold what only the host's own may read. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const DRAFT = '.new';

export function makeFolder(...parts: string[]): string {
  const folder = join(...parts);
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  return folder;
}

/** What is written is on disk when the write returns, without a call of its own: a command is four files, and each call is a way to another thread and back. */
const WRITTEN_THROUGH = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_DSYNC;

/** Replaces the file as one step: whoever reads it, even after a power cut, finds the old or the new text whole. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const draft = file + DRAFT;
  try {
    const handle = await open(draft, WRITTEN_THROUGH, FILE_MODE);
    await handle.writeFile(text).finally(() => void handle.close().catch(() => {})); // nothing waits for the end of what is on disk
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}

/** Removes the file for good; one that isn't there is fine. */
export async function removeFile(file: string): Promise<void> {
  await rm(file, { force: true });
  await syncFolder(dirname(file));
}

/** A rename or a removal outlives a power cut only when the folder itself is on disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => void handle.close().catch(() => {}));
}

/**
 * One writer for a file that often changes: `save` writes what `text` gives at the time of writing, and resolves when what
 * was true at its call is on disk. Calls that come while a write is under way share the next one.
 */
export function savedFile(file: string, text: () => string): () => Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= writing.catch(() => {}).then(() => {
      next = undefined;
      return (writing = writeWhole(file, text()));
    });
    return next;
  };
}

/**
 * Every `NAME.json` of a folder, for the one process that writes there. A record that can't be read is put aside and told: it must not
 * keep the host from working. One that a crash left half written goes: what is in it may be a guest's that is long gone.
 */
export function readRecords<T>(folder: string): T[] {
  const names = readdirSync(folder);
  for (const name of names) if (name.endsWith(`.json${DRAFT}`)) rmSync(join(folder, name));
  return names.filter((name) => name.endsWith('.json')).flatMap((name) => readRecord<T>(join(folder, name)) ?? []);
}

export function readRecord<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    log.error('a state file cannot be read; it was put aside', { file, reason: (error as Error).message });
    renameSync(file, `${file}.unreadable`);
    return undefined;
  }
}
