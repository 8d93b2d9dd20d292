import { CRASHED, NOSTATE, PAUSED, powerStateNames, RUNNING, SHUTDOWN, SUSPENDED, type PowerState } from '../../../shared/objects/instance.ts';
import { ActionFailed, type Actions, type Job } from '../driver.ts';
import type { Boot } from './boot.ts';
import type { Domains } from './domains.ts';
import type { Guest } from './guests.ts';
import type { LibvirtHost } from './host.ts';
import type { Once } from './once.ts';
import { isActive, powerState, type DomainState } from './states.ts';

/** What a soft reboot gives the guest before it becomes a hard one. */
const SOFT_MS = 90_000;

type PowerActions = Pick<Actions, 'stop' | 'start' | 'reboot' | 'pause' | 'unpause' | 'suspend' | 'resume'>;

export function powerActions({ guests }: LibvirtHost, domains: Domains, { boot, shutDown }: Boot, once: Once): PowerActions {
  async function now(guest: Guest): Promise<{ domain: DomainState | undefined; state: PowerState }> {
    const domain = await domains.state(guest.uuid);
    return { domain, state: powerState(domain, guest) };
  }
  const refuse = (state: PowerState): never => { throw new ActionFailed(`The guest is ${powerStateNames[state]}.`); };

  async function end(uuid: string, domain: DomainState | undefined): Promise<void> {
    if (isActive(domain)) await domains.end(uuid);
    else if (domain?.saved) await domains.forgetMemory(uuid);
  }

  /** Which run of the guest is to end stands in the record before it ends: the same command, come again, does not end the next one. */
  async function reboot(guest: Guest, type: 'SOFT' | 'HARD', job: Job): Promise<void> {
    const { uuid } = guest;
    const begun = guest.reboot?.id === job.id;
    const { domain, state } = await now(guest);
    if (type === 'SOFT' && !begun && state !== RUNNING) refuse(state);
    const run = await domains.run(uuid);
    const known = begun ? guest : await guests.put({ ...guest, reboot: { id: job.id, run } });
    if (run === known.reboot!.run) {
      if (type === 'SOFT') await shutDown(uuid, SOFT_MS, job.signal);
      else await end(uuid, domain);
    }
    await boot(known, job);
  }

  return {
    stop: ({ instance_uuid, timeout }, job) => once(instance_uuid, job, async (guest) => {
      const { domain, state } = await now(guest);
      if (state === RUNNING && timeout > 0) await shutDown(guest.uuid, timeout * 1000, job.signal);
      else await end(guest.uuid, domain);
      await guests.put({ ...guests.get(guest.uuid)!, power_state: SHUTDOWN, stopped: true });
    }),
    start: ({ instance_uuid }, job) => once(instance_uuid, job, async (guest) => {
      const { state } = await now(guest);
      if (state === SUSPENDED || (state === PAUSED && guest.starting !== job.id)) refuse(state);
      if (state === RUNNING) return;
      await boot(await guests.put({ ...guest, starting: job.id }), job);
    }),
    reboot: ({ instance_uuid, type }, job) => once(instance_uuid, job, (guest) => reboot(guest, type, job)),
    pause: ({ instance_uuid }, job) => once(instance_uuid, job, async (guest) => {
      const { state } = await now(guest);
      if (state === RUNNING) await domains.pause(guest.uuid);
      else if (state !== PAUSED) refuse(state);
    }),
    unpause: ({ instance_uuid }, job) => once(instance_uuid, job, async (guest) => {
      const { state } = await now(guest);
      if (state === PAUSED) await domains.unpause(guest.uuid);
      else if (state !== RUNNING) refuse(state);
    }),
    suspend: ({ instance_uuid }, job) => once(instance_uuid, job, async (guest) => {
      const { domain, state } = await now(guest);
      if (state === SHUTDOWN || state === CRASHED || state === NOSTATE) refuse(state);
      if (isActive(domain)) await domains.save(guest.uuid, job.signal);
      if (!(await domains.state(guest.uuid))?.saved) throw new ActionFailed('The guest ended before its memory was saved.');
    }),
    resume: ({ instance_uuid }, job) => once(instance_uuid, job, async (guest) => {
      const { state } = await now(guest);
      if (state === RUNNING) return;
      if (state !== SUSPENDED && guest.starting !== job.id) refuse(state);
      await boot(await guests.put({ ...guest, starting: job.id }), job, { restore: true });
    }),
  };
}
