import { ActionFailed } from '../../driver.ts';
import { CommandFailed, run } from '../../../run.ts';
import type { QemuUser } from './disks.ts';
import { GIB } from './storage.ts';

/** As Nova's images_address_space_limit and images_cpu_time_limit: reading a header takes no more, whatever the header says. */
const INSPECTION = { memory: GIB, cpuSeconds: 30, timeoutMs: 60_000 };
const COPY = { memory: 4 * GIB, cpuSeconds: 1800, timeoutMs: 1800_000 };

/** Debian's package of each program that a host may lack. */
const packages: Record<string, string> = {
  'qemu-img': 'qemu-utils', genisoimage: 'genisoimage', mkswap: 'util-linux', setpriv: 'util-linux', prlimit: 'util-linux', cp: 'coreutils',
};

export class Missing extends ActionFailed {
  override name = 'Missing';
  constructor(program: string) {
    super(`The host has no ${program}: an operator installs it with apt-get install ${packages[program] ?? program}.`, { retryable: true });
  }
}

/** What there was no room for ended with an error of its own kind: room may be made. */
export class NoRoom extends ActionFailed {
  override name = 'NoRoom';
  constructor(what: string, cause?: unknown) {
    super(`The host's disk is full: there is no room for ${what}.`, { retryable: true, cause });
  }
}

/** Does what writes to the disk; where that is full, says what for. */
export async function writing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new NoRoom(what, error);
    if (code === 'EFBIG' || (error instanceof CommandFailed && /File too large/.test(error.stderr))) throw new ActionFailed(`The host's file system has no files as large as ${what}.`, { cause: error });
    if (error instanceof CommandFailed && /No space left on device|Disk quota exceeded/.test(error.stderr)) throw new NoRoom(what, error);
    throw error;
  }
}

/** qemu-img on what a user made: as QEMU's user, who may read and write what it was given and nothing else, with limits of memory and time. */
function confined(user: QemuUser | undefined, { memory, cpuSeconds, timeoutMs }: typeof INSPECTION, args: string[], signal?: AbortSignal): Promise<string> {
  const drop = user && process.getuid?.() === 0 ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'] : [];
  return tool('prlimit', [`--as=${memory}`, `--cpu=${cpuSeconds}`, '--core=0', '--', 'qemu-img', ...args], { timeoutMs, ...(signal && { signal }) }, ['--no-new-privs', ...drop]);
}

export const inspection = (user: QemuUser | undefined, args: string[], signal?: AbortSignal) => confined(user, INSPECTION, args, signal);
export const conversion = (user: QemuUser | undefined, args: string[], signal?: AbortSignal) => confined(user, COPY, args, signal);

/** What a program complained of, for users: without its name and those of the host's files. */
export const complaint = (error: CommandFailed): string => error.message.replaceAll(/'?\/[^\s']*'?:?\s*/g, '').replace(/^\w+: (qemu-img: )?/, '').trim();

/** Runs a program of the host, no longer than the agent itself. Throws Missing where there is none. */
export async function tool(program: string, args: string[], options: { signal?: AbortSignal; timeoutMs?: number } = {}, rights: string[] = []): Promise<string> {
  try {
    return await run('setpriv', ['--pdeathsig', 'KILL', ...rights, '--', program, ...args], options);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const missing = error.errno === 'ENOENT' ? 'setpriv' : /^(?:setpriv|prlimit): failed to execute ([\w.-]+): No such file/m.exec(error.stderr)?.[1];
    throw missing ? new Missing(missing) : error;
  }
}
