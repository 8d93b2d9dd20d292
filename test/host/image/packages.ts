import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What a program wrote. */
export const output = async (program: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) => (await promisify(execFile)(program, args, { maxBuffer: 64 << 20, ...options })).stdout;

/** Debian packages by name as `name=version`: the newest that apt-get would install. */
export async function versioned(names: string[]): Promise<string[]> {
  const known = await output('apt-cache', ['show', '--no-all-versions', ...names]);
  return names.map((name) => {
    const version = new RegExp(`^Package: ${name}\\n(?:.+\\n)*?Version: (.+)$`, 'm').exec(known)?.[1];
    if (!version) throw new Error(`apt knows no package ${name}: call apt-get update`);
    return `${name}=${version}`;
  });
}

/** The content of packages in a folder, nothing installed. `paths` (as `./usr/lib/…`): no others of the last package. */
export async function unpack(packages: string[], work: string, paths: string[] = []): Promise<string> {
  await output('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', ...packages], { cwd: work });
  const unpacked = join(work, 'x');
  mkdirSync(unpacked);
  for (const each of packages) {
    const file = readdirSync(work).find((name) => name.startsWith(`${each.split('=')[0]}_`))!;
    if (paths.length === 0 || each !== packages.at(-1)) await output('dpkg-deb', ['-x', file, 'x'], { cwd: work });
    else await output('sh', ['-c', 'file=$1; shift; dpkg-deb --fsys-tarfile "$file" | tar -x -C x "$@"', 'sh', file, ...paths], { cwd: work });
  }
  return unpacked;
}

/** A file of the user's cache (`$XDG_CACHE_HOME`) made once for all that `from` holds; `make` gets a folder that goes afterwards. */
export async function cached(ending: string, from: (string | Buffer)[], make: (work: string, file: string) => Promise<void>): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'novaless', 'guest-image');
  const hash = createHash('sha256');
  for (const part of from) hash.update(part).update('\0');
  const file = join(cache, `${hash.digest('hex').slice(0, 16)}.${ending}`);
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  await makeAside(file, make);
  return file;
}

/** Under another name until it is whole. */
export async function makeAside(file: string, make: (work: string, file: string) => Promise<void>): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'novaless-image-'));
  const draft = `${file}.${process.pid}`;
  try {
    chmodSync(work, 0o755);
    await make(work, draft);
    renameSync(draft, file);
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(draft, { force: true });
  }
}
