import { ActionFailed, type Actions, type Job } from '../driver.ts';
import type { Boot } from './boot.ts';
import type { Domains } from './domains.ts';
import { CRASHED, NOSTATE, PAUSED, RUNNING, SHUTDOWN, stateNames, SUSPENDED, type Guest } from './guests.ts';
import type { LibvirtHost } from './host.ts';
import type { Once } from './once.ts';
import { powerState } from './states.ts';

/** What a soft reboot gives the guest before it becomes a hard one. */
const SOFT_MS = 90_000;

type PowerActions = Pick<Actions, 'stop' | 'start' | 'reboot' | 'pause' | 'unpause' | 'suspend' | 'resume'>;

export function powerActions({ guests }: LibvirtHost, domains: Domains, { boot, shutDown, isActive }: Boot, once: Once): PowerActions {
  const now = async (guest: Guest) => powerState(await domains.state(guest.uuid), guest.power_state, guest.stopped);
  const refuse = (guest: Guest): never => { throw new ActionFailed(`The guest is ${stateNames[guest.power_state]}.`); };

  async function end(guest: Guest): Promise<void> {
    if (await isActive(guest.uuid)) await domains.end(guest.uuid);
    else if ((await domains.state(guest.uuid))?.saved) await domains.forgetMemory(guest.uuid);
  }

  /** Which run of the guest is to end stands in the record before it ends: the same command, come again, does not end the next one. */
  async function reboot(guest: Guest, type: 'SOFT' | 'HARD', job: Job): Promise<void> {
    const { uuid } = guest;
    if (type === 'SOFT' && guest.reboot?.id !== job.id && (await now(guest)) !== RUNNING) refuse({ ...guest, power_state: await now(guest) });
    const known = guest.reboot?.id === job.id ? guest : await guests.put({ ...guest, reboot: { id: job.id, run: await domains.run(uuid) } });
    if ((await domains.run(uuid)) === known.reboot!.run) {
      if (type === 'SOFT') await shutDown(uuid, SOFT_MS, job.signal);
      else await end(known);
    }
    await boot(known, job);
  }

  return {
    stop: ({ instance_uuid, timeout }, job) => once(instance_uuid, job, async (guest) => {
      if ((await now(guest)) === RUNNING && timeout > 0) await shutDown(guest.uuid, timeout * 1000, job.signal);
      else await end(guest);
      await guests.put({ ...guests.get(guest.uuid)!, power_state: SHUTDOWN, stopped: true });
    }),
    start: ({ instance_uuid }, job) => once(instance_uuid, job, async (guest) => {
      const state = await now(guest);
      if (state === PAUSED && (guest.starting !== job.id)) refuse({ ...guest, power_state: PAUSED });
      if (state === SUSPENDED) refuse({ ...guest, power_state: SUSPENDED });
      if (state === RUNNING) return;
      await boot(await guests.put({ ...guest, starting: job.id }), job);
    }),
    reboot: ({ instance_uuid, type }, job) => once(instance_uuid, job, (guest) => reboot(guest, type, job)),
    pause: ({ instance_uuid }, job) => once(instance_uuid, job, async (guest) => {
      const state = await now(guest);
      if (state === RUNNING) await domains.pause(guest.uuid);
      else if (state !== PAUSED) refuse({ ...guest, power_state: state });
    }),
    unpause: ({ instance_uuid }, job) => once(instance_uuid, job, async (guest) => {
      const state = await now(guest);
      if (state === PAUSED) await domains.unpause(guest.uuid);
      else if (state !== RUNNING) refuse({ ...guest, power_state: state });
    }),
    suspend: ({ instance_uuid }, job) => once(instance_uuid, job, async (guest) => {
      const state = await now(guest);
      if ([SHUTDOWN, CRASHED, NOSTATE].includes(state)) refuse({ ...guest, power_state: state });
      if (await isActive(guest.uuid)) await domains.save(guest.uuid, job.signal);
      if (!(await domains.state(guest.uuid))?.saved) throw new ActionFailed('The guest ended before its memory was saved.');
    }),
    resume: ({ instance_uuid }, job) => once(instance_uuid, job, async (guest) => {
      const state = await now(guest);
      if (state === RUNNING) return;
      if (state !== SUSPENDED && guest.starting !== job.id) refuse({ ...guest, power_state: state });
      await boot(await guests.put({ ...guest, starting: job.id }), job, { restore: true });
    }),
  };
}
