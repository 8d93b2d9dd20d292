import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { storageFolder } from '../../agent/drivers/libvirt/disks/storage.ts';
import { namespacePrefix } from '../../agent/network/names.ts';
import { run } from '../../agent/run.ts';
import type { TestCloud } from '../support/cloud.ts';
import { namespaces } from './visitor.ts';

/** All that the guests of a cloud's first host have on this machine. `servers`: every one that there was. */
export async function footprint({ dataDir }: Pick<TestCloud, 'dataDir'>, servers: string[]) {
  const folder = join(dataDir, 'hosts/compute-1/state/libvirt');
  const disks = storageFolder(folder);
  const [domains, processes, spaces] = await Promise.all([run('virsh', ['-c', 'qemu:///system', 'list', '--all', '--uuid']), run('ps', ['-eo', 'args=']), namespaces()]);
  const files = (root: string) => (existsSync(root) ? readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory()).map((entry) => relative(root, join(entry.parentPath, entry.name))) : []);
  return {
    domains: domains.split('\n').filter((uuid) => servers.includes(uuid)),
    namespaces: spaces.filter((name) => name.startsWith(namespacePrefix(folder))),
    taps: readdirSync('/sys/class/net').filter((name) => name.startsWith('tap')),
    /** QEMU's and dnsmasq's. */
    processes: processes.split('\n').filter((line) => /^(\S*\/)?(dnsmasq|qemu-system\S*) /.test(line) && (line.includes(folder) || servers.some((uuid) => line.includes(uuid)))),
    disks: files(disks).filter((path) => !path.startsWith('images/')), // the cache of images is for the next guest
    /** What the driver keeps of its guests and networks. */
    records: files(folder).filter((path) => servers.some((uuid) => path.includes(uuid)) || path.startsWith('networks/')),
  };
}
