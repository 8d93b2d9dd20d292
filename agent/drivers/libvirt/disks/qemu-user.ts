import { run } from '../../../run.ts';
import type { QemuUser } from './disks.ts';

/** Whom libvirt's QEMU runs as, by libvirt's own word; undefined where libvirt gives files and processes to nobody (a session of one user). Throws where libvirt does not answer. */
export async function qemuUser(uri = 'qemu:///system'): Promise<QemuUser | undefined> {
  const capabilities = await run('virsh', ['-c', uri, 'capabilities']);
  const [, uid, gid] = /<model>dac<\/model>(?:(?!<\/secmodel>)[^])*?<baselabel type=['"](?:kvm|qemu)['"]>\+(\d+):\+(\d+)<\/baselabel>/.exec(capabilities) ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}
