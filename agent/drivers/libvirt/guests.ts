import type { SpawnArgs } from '../../../shared/agent/command.ts';
import type { PowerState } from '../../../shared/objects/instance.ts';
import { openGuestRecords, type GuestRecord } from '../guest-records.ts';

/** A guest as it is to be: libvirt's definition is made anew from it at each start. It holds user data: only the agent reads it. */
export interface Guest extends GuestRecord {
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
}

export type Guests = ReturnType<typeof openGuests>;

export const openGuests = (folder: string) => openGuestRecords<Guest>(folder);
