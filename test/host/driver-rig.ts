import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { libvirtDriver, type Joints } from '../../agent/drivers/libvirt/driver.ts';
import { openDisks } from '../../agent/drivers/libvirt/disks/disks.ts';
import { storageFolder } from '../../agent/drivers/libvirt/disks/storage.ts';
import { qemuUser } from '../../agent/drivers/libvirt/disks/qemu-user.ts';
import { openVirsh, type Virsh } from '../../agent/drivers/libvirt/virsh.ts';
import { namespacePrefix } from '../../agent/network/names.ts';
import { hostNetwork } from '../../agent/network/network.ts';
import type { Images } from '../../agent/drivers/driver.ts';
import type { Disk, SpawnArgs } from '../../shared/agent/command.ts';
import type { PowerState } from '../../shared/objects/instance.ts';
import { eventually } from '../support/eventually.ts';

export const forever = new AbortController().signal;
export const newJob = (id: string = randomUUID()) => ({ id, signal: forever });
export const blank: Disk = { device: '/dev/vda', boot_index: 0, source: { type: 'blank', size_gb: 1 } };
export const images: Images = {
  async verify() {},
  fetch: async ({ location }, file) => copyFileSync(location.slice('file://'.length), file),
};

/** The agent was killed: nothing that it would have done next happens. */
export class Killed extends Error { override name = 'Killed' }

/** Lets `most` calls to what is outside of the driver through, each to its end, and none after them. `passed` names them. */
export function killer(most = Number.POSITIVE_INFINITY) {
  const passed: string[] = [];
  const guard = <A extends unknown[], R>(name: string, call: (...args: A) => R) => (...args: A): R => {
    if (passed.length >= most) throw new Killed(`before ${name}`);
    passed.push(name);
    return call(...args);
  };
  return {
    passed,
    calls<T extends object>(kind: string, target: T, only: string[]): T {
      return new Proxy(target, { get: (from, key) => (only.includes(String(key)) ? guard(`${kind}.${String(key)}`, (from as Record<string, (...args: unknown[]) => unknown>)[String(key)]!.bind(from)) : Reflect.get(from, key)) });
    },
    virsh: (virsh: Virsh): Virsh => Object.assign((async (...args: Parameters<Virsh>) => (['domstats', 'dominfo', 'list', 'capabilities', 'domcapabilities', 'version'].includes(args[0][0]!) ? virsh(...args) : guard(`virsh ${args[0][0]}`, virsh)(...args))), { uri: virsh.uri }),
  };
}

/** A libvirt driver on this machine's real libvirt, in a folder of its own; `start` again is an agent that was killed and comes back. */
export function driverRig() {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-driver-'));
  chmodSync(folder, 0o711);
  const told: { uuid: string; state: PowerState }[] = [];
  const servers: string[] = [];
  const opened: { close(): void }[] = [];
  const virsh = (...args: string[]) => execFileSync('virsh', ['-q', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

  const rig = {
    folder, told, servers, virsh,
    start(kill?: ReturnType<typeof killer>, more: Joints = {}) {
      for (const each of opened.splice(0)) each.close();
      const joints: Joints = { ...more };
      if (kill) {
        joints.virsh = kill.virsh(openVirsh());
        joints.disks = kill.calls('disks', openDisks({ folder: storageFolder(folder), images, qemu: () => qemuUser() }), ['prepare', 'configDrive', 'remove']);
        joints.network = kill.calls('network', hostNetwork({ host: 'test', folder, metadata: () => undefined }), ['prepare', 'plug', 'unplug']);
      }
      const driver = libvirtDriver({
        host: 'test', folder, capacity: { vcpus: 1, memory_mb: 1, local_gb: 1 }, images,
        consoleChanged: () => {}, powerChanged: (uuid, state) => void told.push({ uuid, state }),
      }, joints);
      opened.push(driver);
      return driver;
    },
    args(change: Partial<SpawnArgs> = {}): SpawnArgs {
      const instance_uuid = change.instance_uuid ?? randomUUID();
      servers.push(instance_uuid);
      return {
        instance_uuid, project_id: 'p', user_id: 'u', name: 'a guest', hostname: 'a-guest', launch_index: 0,
        flavor: { name: 'm1.tiny', vcpus: 1, memory_mb: 128, root_gb: 1, ephemeral_gb: 0, swap: 0, extra_specs: {} }, image_properties: {},
        disks: [blank], vifs: [], config_drive: false, key_name: null, key_data: null, user_data: null, metadata: {}, availability_zone: 'nova', console_public_key: '', ...change,
      };
    },
    domains: () => virsh('list', '--all', '--uuid').split('\n').filter((uuid) => servers.includes(uuid)),
    xml: (uuid: string) => virsh('dumpxml', uuid),
    /** All that is left of guests on this machine, of this rig's alone. */
    left: () => ({
      domains: rig.domains(),
      files: [folder, storageFolder(folder)].flatMap((root) => readdirSync(root, { recursive: true }).map((name) => join(root, String(name)))).filter((path) => statSync(path).isFile() && servers.some((uuid) => path.includes(uuid))),
      namespaces: execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).split('\n').filter((line) => line.startsWith(namespacePrefix(folder))),
    }),
    waitFor: (uuid: string, state: PowerState, seconds = 60) => eventually(async () => {
      const last = told.findLast((each) => each.uuid === uuid);
      if (last?.state !== state) throw new Error(`told ${JSON.stringify(told)}`);
    }, seconds),
    async stop() {
      const driver = rig.start();
      for (const uuid of servers) await driver.actions.destroy({ instance_uuid: uuid }, newJob());
      await driver.purge?.();
      driver.close();
      rmSync(folder, { recursive: true, force: true });
      rmSync(storageFolder(folder), { recursive: true, force: true });
    },
  };
  return rig;
}
