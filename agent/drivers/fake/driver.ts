import { CRASHED, NOSTATE, PAUSED, powerStateNames, RUNNING, SHUTDOWN, SUSPENDED, type PowerState } from '../../../shared/objects/instance.ts';
import { ActionFailed, type Actions, type Driver, type DriverSurroundings, type Job } from '../driver.ts';
import { bootText, diskText, line, vifText } from './console-text.ts';
import { consolePage } from './console-page.ts';
import { consoleJoints } from './console-joints.ts';
import { architecture, hostAddress } from '../machine.ts';
import { type FakeGuest, openGuests } from './state.ts';
import { groupsNamedBy, openSecurityGroups } from '../security-groups.ts';
import { openPool } from './volumes.ts';

/** Nova's word for a driver that does everything but boot: it checks the image, keeps each guest's state across restarts, and tells on the console what it would have done. */
export function fakeDriver({ host, folder, capacity, images, consoleChanged, powerChanged }: DriverSurroundings): Driver {
  const guests = openGuests(folder);
  const groups = openSecurityGroups(folder, () => new Set(guests.all().flatMap(({ vifs }) => vifs.flatMap(groupsNamedBy))));
  const pool = openPool(folder, capacity.local_gb, images);
  const joints = consoleJoints((uuid) => guests.get(uuid)?.console);

  async function keep(guest: FakeGuest): Promise<void> {
    await guests.put(guest);
    consoleChanged(guest.uuid);
    joints.changed(guest.uuid);
  }

  const guestOf = (uuid: string) => {
    const guest = guests.get(uuid);
    if (!guest) throw new ActionFailed(`Instance ${uuid} could not be found on this host.`);
    return guest;
  };

  /** Changes a guest, once per command. `change` gives what is new and the console's line, or undefined where all is as asked. */
  async function once(uuid: string, job: Job, change: (guest: FakeGuest) => (Partial<FakeGuest> & { line: string }) | undefined) {
    const guest = guestOf(uuid);
    const changed = guest.done.includes(job.id) ? undefined : change(guest);
    if (changed) {
      const { line: text, ...rest } = changed;
      await keep({ ...guest, ...rest, console: guest.console + line(text), done: [...guest.done, job.id] });
    }
    return { power_state: guests.get(uuid)!.power_state };
  }

  const rulesChange: typeof once = async (...change) => {
    const done = await once(...change);
    await groups.forgetUnnamed();
    return done;
  };

  /** To a power state, from those that allow it. */
  const move = (from: PowerState[], to: PowerState, text: string) => ({ instance_uuid: uuid }: { instance_uuid: string }, job: Job) =>
    once(uuid, job, ({ power_state }) => {
      if (power_state === to) return undefined;
      if (!from.includes(power_state)) throw new ActionFailed(`The guest is ${powerStateNames[power_state]}.`);
      return { power_state: to, line: text };
    });

  const holderOf = (volume: string, but?: string) =>
    guests.all().find(({ uuid, disks }) => uuid !== but && disks.some(({ source }) => source.type === 'volume' && source.volume_id === volume));
  const requireFree = (volume: string, uuid: string) => {
    if (!pool.has(volume)) throw new ActionFailed(`Volume ${volume} is not on this host.`);
    if (holderOf(volume, uuid)) throw new ActionFailed(`Volume ${volume} is attached to another instance.`);
  };

  const actions: Actions = {
    async spawn(args, { id, signal }) {
      const there = guests.get(args.instance_uuid);
      if (there) return { power_state: there.power_state };
      for (const { source } of args.disks) {
        if (source.type === 'volume') requireFree(source.volume_id, args.instance_uuid);
        if (source.type === 'image') await images.verify({ ...source, id: source.image_id }, signal);
      }
      signal.throwIfAborted();
      const { instance_uuid: uuid, name, flavor, disks } = args;
      const vifs = args.vifs.map(({ group_members: _told, ...vif }) => vif);
      await keep({ uuid, name, flavor, disks, vifs, power_state: RUNNING, console: bootText(args, host), done: [id] });
      for (const { group_members = [] } of args.vifs) for (const each of group_members) await groups.tell(each);
      return { power_state: RUNNING };
    },
    async destroy({ instance_uuid: uuid }) {
      await guests.remove(uuid);
      await groups.forgetUnnamed();
      joints.end(uuid);
      return { power_state: NOSTATE };
    },
    stop: move([RUNNING, PAUSED, SUSPENDED, CRASHED], SHUTDOWN, 'the server was stopped'),
    start: move([SHUTDOWN, CRASHED], RUNNING, 'the server was started'),
    pause: move([RUNNING], PAUSED, 'the server was paused'),
    unpause: move([PAUSED], RUNNING, 'the server goes on after its pause'),
    suspend: move([RUNNING, PAUSED], SUSPENDED, 'the server was suspended'),
    resume: move([SUSPENDED], RUNNING, 'the server was resumed'),
    reboot: ({ instance_uuid: uuid, type }, job) =>
      once(uuid, job, ({ power_state }) => {
        if (type === 'SOFT' && power_state !== RUNNING) throw new ActionFailed(`The guest is ${powerStateNames[power_state]}.`);
        return { power_state: RUNNING, line: type === 'SOFT' ? 'the server was rebooted' : 'the server was reset (hard reboot)' };
      }),
    attach_volume: ({ instance_uuid: uuid, disk }, job) =>
      once(uuid, job, ({ disks }) => {
        if (disk.source.type !== 'volume') throw new ActionFailed('Only volumes can be attached.');
        const { volume_id: volume } = disk.source;
        requireFree(volume, uuid);
        if (disks.some(({ source }) => source.type === 'volume' && source.volume_id === volume)) return undefined;
        if (disks.some(({ device }) => device === disk.device)) throw new ActionFailed(`Device ${disk.device} is in use.`);
        return { disks: [...disks, disk], line: `attached ${diskText(disk)}` };
      }),
    detach_volume: ({ instance_uuid: uuid, volume_id: volume }, job) =>
      once(uuid, job, ({ disks }) => {
        const rest = disks.filter(({ source }) => source.type !== 'volume' || source.volume_id !== volume);
        return rest.length < disks.length ? { disks: rest, line: `detached volume ${volume}` } : undefined;
      }),
    attach_interface: ({ instance_uuid: uuid, vif }, job) =>
      once(uuid, job, ({ vifs }) => ({ vifs: [...vifs.filter(({ port_id }) => port_id !== vif.port_id), vif], line: `attached interface ${vifText(vif)}` })),
    detach_interface: ({ instance_uuid: uuid, port_id: port }, job) =>
      rulesChange(uuid, job, ({ vifs }) => {
        const gone = vifs.find(({ port_id }) => port_id === port);
        return gone && { vifs: vifs.filter((vif) => vif !== gone), line: `detached interface ${gone.mac_address}` };
      }),
    refresh_interface: ({ instance_uuid: uuid, vif }, job) =>
      rulesChange(uuid, job, ({ vifs }) => (vifs.some(({ port_id }) => port_id === vif.port_id)
        ? { vifs: vifs.map((each) => (each.port_id === vif.port_id ? vif : each)), line: `refreshed interface ${vifText(vif)}` }
        : undefined)),
    refresh_security_group: async (members) => ({ details: { kept: await groups.tell(members) } }),
    refresh_metadata: ({ instance_uuid: uuid, name }, job) => once(uuid, job, () => ({ name, line: 'the metadata changed' })),
    async create_volume(args, job) {
      await pool.create(args, job);
      return {};
    },
    async delete_volume({ volume_id: volume }) {
      if (holderOf(volume)) throw new ActionFailed(`Volume ${volume} is attached to an instance.`);
      await pool.remove(volume);
      return {};
    },
  };

  for (const { uuid } of guests.all()) consoleChanged(uuid);
  return {
    actions,
    unknownGroups: groups.unknown,
    guests: () => guests.all().map(({ uuid, power_state }) => ({ uuid, power_state })),
    async facts() {
      return {
        driver: 'fake', hypervisor_type: 'fake', hypervisor_version: 1, host_ip: hostAddress(), architecture,
        supported_instances: [[architecture, 'fake', 'hvm']], cpu_info: { arch: architecture, model: 'fake', vendor: 'fake', features: [], topology: { sockets: 1, cores: capacity.vcpus, threads: 1 } },
        ...capacity, traits: [], guests: guests.all().map(({ uuid }) => uuid), volume_pool: pool.space(),
      };
    },
    consoleLog: async (uuid, bytes) => {
      const guest = guests.get(uuid);
      return guest && Buffer.from(guest.console).subarray(-bytes);
    },
    consolePage,
    joinConsole: joints.join,
    /** `{"crash": UUID}`: the guest ends by itself, as a real one may. */
    async message(message) {
      const { crash } = message as { crash?: unknown };
      const guest = typeof crash === 'string' ? guests.get(crash) : undefined;
      if (!guest) return;
      await keep({ ...guest, power_state: CRASHED, console: guest.console + line('the server crashed') });
      powerChanged(guest.uuid, CRASHED);
    },
  };
}
