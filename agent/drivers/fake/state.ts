import { join } from 'node:path';
import type { Args } from '../driver.ts';
import type { Disk, Vif } from '../../../shared/agent/command.ts';
import type { PowerState } from '../../../shared/objects/instance.ts';
import { makeFolder, readRecords, removeFile, writeWhole } from '../../files.ts';

/** A guest that nothing runs. No user data and no password: only that there are some. */
export interface FakeGuest {
  uuid: string;
  name: string;
  power_state: PowerState;
  flavor: Args<'spawn'>['flavor'];
  disks: Disk[];
  vifs: Vif[];
  /** The console, its last part where it grew long; within the record, so that an action's effect and its line are one write. */
  console: string;
  /** Commands that had their effect, the latest last. */
  done: string[];
}

const CONSOLE_CHARACTERS = 120_000;
const COMMANDS = 20;

export type Guests = ReturnType<typeof openGuests>;

/** The guests of a host, a file each. A change is on disk before it's seen. */
export function openGuests(folder: string) {
  const files = makeFolder(folder, 'guests');
  const guests = new Map(readRecords<FakeGuest>(files).map((guest) => [guest.uuid, guest]));
  const fileOf = (uuid: string) => join(files, `${uuid}.json`);
  return {
    get: (uuid: string) => guests.get(uuid),
    all: () => [...guests.values()],
    async put(guest: FakeGuest): Promise<void> {
      const kept = { ...guest, console: guest.console.slice(-CONSOLE_CHARACTERS), done: guest.done.slice(-COMMANDS) };
      await writeWhole(fileOf(guest.uuid), JSON.stringify(kept));
      guests.set(guest.uuid, kept);
    },
    async remove(uuid: string): Promise<void> {
      await removeFile(fileOf(uuid));
      guests.delete(uuid);
    },
  };
}
