import type { Args } from '../driver.ts';
import type { Disk, Vif } from '../../../shared/agent/command.ts';
import type { PowerState } from '../../../shared/objects/instance.ts';
import { openGuestRecords, type GuestRecord } from '../guest-records.ts';

/** A guest that nothing runs. No user data and no password: only that there are some. */
export interface FakeGuest extends GuestRecord {
  name: string;
  power_state: PowerState;
  flavor: Args<'spawn'>['flavor'];
  disks: Disk[];
  vifs: Vif[];
  /** The console, its last part where it grew long; within the record, so that an action's effect and its line are one write. */
  console: string;
}

const CONSOLE_CHARACTERS = 120_000;

export type Guests = ReturnType<typeof openGuests>;

export const openGuests = (folder: string) => openGuestRecords<FakeGuest>(folder, (guest) => ({ ...guest, console: guest.console.slice(-CONSOLE_CHARACTERS) }));
