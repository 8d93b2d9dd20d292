import { join } from 'node:path';
import { makeFolder, readRecords, removeFile, writeWhole } from '../files.ts';

const COMMANDS = 20;

/** What every driver keeps of a guest. */
export interface GuestRecord {
  uuid: string;
  /** Commands that had their effect, the latest last. */
  done: string[];
}

/** The guests of a host, a file each. A change is on disk before it's seen; of a record that grows, `shorten` keeps what is needed. */
export function openGuestRecords<G extends GuestRecord>(folder: string, shorten: (guest: G) => G = (guest) => guest) {
  const files = makeFolder(folder, 'guests');
  const guests = new Map(readRecords<G>(files).map((guest) => [guest.uuid, guest]));
  const fileOf = (uuid: string) => join(files, `${uuid}.json`);
  return {
    get: (uuid: string) => guests.get(uuid),
    all: () => [...guests.values()],
    async put(guest: G): Promise<G> {
      const kept = { ...shorten(guest), done: guest.done.slice(-COMMANDS) };
      await writeWhole(fileOf(guest.uuid), JSON.stringify(kept));
      guests.set(guest.uuid, kept);
      return kept;
    },
    async remove(uuid: string): Promise<void> {
      await removeFile(fileOf(uuid));
      guests.delete(uuid);
    },
  };
}
