import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../agent/run.ts';
import { namespaces } from './visitor.ts';

const DISKS = '/var/lib/novaless';

/** All that guests have on this machine, whosever they are: what was not there before a test is the test's. */
export async function footprint() {
  const processes = (await run('ps', ['-eo', 'pid=,args='])).split('\n').filter((line) => /^ *\d+ (\S*\/)?(dnsmasq|qemu-system\S*) /.test(line));
  return {
    domains: (await run('virsh', ['-c', 'qemu:///system', 'list', '--all', '--name'])).split('\n').filter(Boolean),
    namespaces: await namespaces(),
    taps: readdirSync('/sys/class/net').filter((name) => name.startsWith('tap')),
    /** Of DHCP servers and guests. */
    processes: processes.map((line) => line.trim()),
    disks: existsSync(DISKS) ? readdirSync(DISKS, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)) : [],
  };
}
