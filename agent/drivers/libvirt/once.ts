import type { PowerState } from '../../../shared/objects/instance.ts';
import { ActionFailed, type Done, type Job } from '../driver.ts';
import type { Guest } from './guests.ts';
import type { LibvirtHost } from './host.ts';

/** Does a command's change of a guest once, and tells the guest's power state after it. */
export type Once = (uuid: string, job: Job, change: (guest: Guest) => Promise<unknown>) => Promise<Done>;

/** `alone` keeps the watch from telling changes that a command makes; `look` finds the guest's state. */
export function openOnce({ guests }: Pick<LibvirtHost, 'guests'>, alone: <T>(uuid: string, work: () => Promise<T>) => Promise<T>, look: (uuid: string) => Promise<PowerState>): Once {
  return (uuid, job, change) => alone(uuid, async () => {
    const guest = guests.get(uuid);
    if (!guest?.built) throw new ActionFailed(`Instance ${uuid} could not be found on this host.`);
    if (!guest.done.includes(job.id)) {
      await change(guest);
      const { reboot: _reboot, starting: _starting, ...after } = guests.get(uuid)!;
      await guests.put({ ...after, done: [...after.done, job.id] });
    }
    return { power_state: await look(uuid) };
  });
}
