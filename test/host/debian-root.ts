import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** What is on any Debian machine, as far as an installation could call it (libstdc++6 because of apt), and curl, which the docs name. */
const packages = ['base-files', 'dash', 'coreutils', 'diffutils', 'tar', 'gzip', 'grep', 'sed', 'util-linux', 'libc-bin', 'libstdc++6', 'curl', 'ca-certificates'];
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'novaless');

/** Unpacks a Debian as it is before anything of ours came to it. Its packages are fetched once. */
export async function freshDebian(folder: string): Promise<void> {
  const archive = join(cache, `debian-bookworm-${packages.length}.tar`);
  if (!existsSync(archive)) {
    mkdirSync(cache, { recursive: true });
    const making = `${archive}.${process.pid}.tar`;
    await run('mmdebstrap', ['--quiet', '--variant=extract', `--include=${packages.join(',')}`, 'bookworm', making], { timeout: 240_000 });
    renameSync(making, archive);
  }
  mkdirSync(folder, { recursive: true });
  await run('tar', ['-xf', archive, '-C', folder]);
}

/** npm's package of the pinned Node, as the registry serves it. */
export async function nodePackage(version: string): Promise<string> {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const file = join(cache, `node-linux-${arch}-${version}.tgz`);
  if (!existsSync(file)) {
    mkdirSync(cache, { recursive: true });
    await run('npm', ['pack', '--silent', '--prefer-offline', `node-linux-${arch}@${version}`, '--pack-destination', cache], { timeout: 120_000 });
  }
  return file;
}
