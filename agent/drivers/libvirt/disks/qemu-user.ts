import { run } from '../../../run.ts';
import type { QemuUser } from './disks.ts';

/** Whom libvirt's QEMU runs as, by what `virsh capabilities` says; undefined where libvirt gives files to nobody (a session of one user). */
export function qemuUserIn(capabilities: string): QemuUser | undefined {
  const [, uid, gid] = /<model>dac<\/model>(?:(?!<\/secmodel>)[^])*?<baselabel type=['"](?:kvm|qemu)['"]>\+(\d+):\+(\d+)<\/baselabel>/.exec(capabilities) ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** The same, asked of libvirt, which may take its time: it looks at every QEMU that is installed. Throws where it does not answer. */
export const qemuUser = async (uri = 'qemu:///system'): Promise<QemuUser | undefined> => qemuUserIn(await run('virsh', ['-c', uri, 'capabilities']));
