/**
 * Debian's installer on a CD: kernel and initial file system as Debian ships them for network boots; only the boot menu is ours, so that
 * it starts by itself, speaks on the serial console, and asks nothing that has a default.
 * usage: node bin/pinned-node.js test/host/image/installer.ts    prints where it is
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, output, unpack, versioned } from './packages.ts';

const shipped = './usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64';
const menu = `SERIAL 0 115200
DEFAULT install
PROMPT 0
LABEL install
  KERNEL /linux
  INITRD /initrd.gz
  APPEND vga=normal console=tty0 console=ttyS0,115200 auto=true priority=critical locale=en_US keymap=us DEBIAN_FRONTEND=text --- quiet
`;

/** The ISO's path: made once for these packages, and kept. */
export async function installerImage(): Promise<string> {
  const packages = await versioned(['isolinux', 'syslinux-common', 'debian-installer-12-netboot-amd64']);
  return cached('iso', [...packages, menu], async (work, file) => {
    const unpacked = await unpack(packages, work, [`${shipped}/linux`, `${shipped}/initrd.gz`]);
    const disc = join(work, 'disc');
    mkdirSync(join(disc, 'isolinux'), { recursive: true });
    for (const name of ['linux', 'initrd.gz']) copyFileSync(join(unpacked, shipped, name), join(disc, name));
    for (const path of ['usr/lib/ISOLINUX/isolinux.bin', 'usr/lib/syslinux/modules/bios/ldlinux.c32']) copyFileSync(join(unpacked, path), join(disc, 'isolinux', path.split('/').at(-1)!));
    writeFileSync(join(disc, 'isolinux/isolinux.cfg'), menu);
    await output('genisoimage', ['-quiet', '-r', '-J', '-V', 'INSTALLER', '-b', 'isolinux/isolinux.bin', '-c', 'isolinux/boot.cat', '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table', '-o', file, disc]);
  });
}

if (import.meta.main) console.log(await installerImage());
