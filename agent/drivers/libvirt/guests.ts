import { join } from 'node:path';
import type { SpawnArgs } from '../../../shared/agent/command.ts';
import type { PowerState } from '../../../shared/objects/instance.ts';
import { makeFolder, readRecords, removeFile, writeWhole } from '../../files.ts';

export const NOSTATE = 0, RUNNING = 1, PAUSED = 3, SHUTDOWN = 4, CRASHED = 6, SUSPENDED = 7;
export const stateNames: Record<PowerState, string> = { 0: 'in no state', 1: 'running', 3: 'paused', 4: 'shut down', 6: 'crashed', 7: 'suspended' };

/** A guest as it is to be: libvirt's definition is made anew from it at each start. It holds user data: only the agent reads it. */
export interface Guest {
  uuid: string;
  /** What it was spawned with; name, metadata, disks and interfaces as they are now. The password goes once the guest is up. */
  args: SpawnArgs;
  /** The spawn is through. */
  built: boolean;
  power_state: PowerState;
  config_drive?: string;
  /** The reboot under way: its command, and libvirt's number of the guest's run before it. */
  reboot?: { id: string; run: string };
  /** The command that is starting it: until then the paused domain is a step of it. */
  starting?: string;
  /** Stopped since it last ran; libvirt would still say that it crashed. */
  stopped?: boolean;
  /** Commands that had their effect, the latest last. */
  done: string[];
}

const COMMANDS = 20;

export type Guests = ReturnType<typeof openGuests>;

/** The guests of a host, a file each. A change is on disk before it's seen. */
export function openGuests(folder: string) {
  const files = makeFolder(folder, 'guests');
  const guests = new Map(readRecords<Guest>(files).map((guest) => [guest.uuid, guest]));
  const fileOf = (uuid: string) => join(files, `${uuid}.json`);
  return {
    get: (uuid: string) => guests.get(uuid),
    all: () => [...guests.values()],
    async put(guest: Guest): Promise<Guest> {
      const kept = { ...guest, done: guest.done.slice(-COMMANDS) };
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
