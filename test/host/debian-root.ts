import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cached, output } from './image/packages.ts';

const release = 'bookworm';
/** What is on any Debian machine, as far as an installation could call it (libstdc++6 because of apt), and curl, which the docs name. */
const packages = ['base-files', 'dash', 'coreutils', 'diffutils', 'tar', 'gzip', 'grep', 'sed', 'util-linux', 'libc-bin', 'libstdc++6', 'curl', 'ca-certificates'];

/** Unpacks a Debian as it is before anything of ours came to it. Its packages are fetched once. */
export async function freshDebian(folder: string): Promise<void> {
  const archive = await cached('tar', ['debian', release, ...packages], async (_, file) => {
    await output('mmdebstrap', ['--quiet', '--variant=extract', '--format=tar', `--include=${packages.join(',')}`, release, file]);
  });
  mkdirSync(folder, { recursive: true });
  await output('tar', ['-xf', archive, '-C', folder]);
}

/** npm's package of the pinned Node, as the registry serves it. */
export function nodePackage(version: string): Promise<string> {
  const name = `node-linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}`;
  return cached('tgz', [name, version], async (work, file) => {
    const made = await output('npm', ['pack', '--silent', '--prefer-offline', `${name}@${version}`, '--pack-destination', work]);
    copyFileSync(join(work, made.trim()), file);
  });
}
