import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { agentMain, type Driver } from './hosts.ts';

export interface DriverChoice { driver: Driver; /** Why it is that one, for the user. */ why: string }

/** What was asked for can't be, in a line for the user. */
export class DriverRefused extends Error {}

export interface DriverWish {
  wanted: string | undefined;
  hypervisors: number;
  /** Where the hosts' state is, if they were here before. */
  dataDir: string;
  /** Whether that state goes before anything starts. */
  reset?: boolean;
  /** What the user calls that number, and how to come to hosts of another driver. */
  words: { count: string; anew: string };
}

/**
 * libvirt where this machine can do it, else fake; and what was chosen once for a data folder's hosts stays, as their guests are of
 * that driver. Throws DriverRefused.
 */
export async function chooseDriver({ wanted, hypervisors, dataDir, reset = false, words: { count, anew } }: DriverWish): Promise<DriverChoice> {
  if (wanted !== undefined && wanted !== 'fake' && wanted !== 'libvirt') throw new DriverRefused(`--driver is fake or libvirt, not ${wanted}`);
  const before = reset ? undefined : driverBefore(dataDir);
  if (wanted && before && wanted !== before) throw new DriverRefused(`The guests in ${dataDir} are of the ${before} driver. For ${wanted}, ${anew}.`);
  const driver = wanted ?? before;
  if (driver === 'fake') return { driver, why: wanted ? 'as asked' : `as before; for another, ${anew}` };
  if (hypervisors === 0) return { driver: driver ?? 'fake', why: 'no host, so no matter' };
  if (hypervisors > 1) {
    if (driver === 'libvirt') throw new DriverRefused(`A machine is one hypervisor of libvirt's: leave ${count} ${hypervisors} out, or have as many of the fake driver${before ? ` (${anew})` : ''}.`);
    return { driver: 'fake', why: 'to libvirt, a machine is one hypervisor only' };
  }
  const { words: lacks, facts } = await machine();
  if (lacks === undefined) return { driver: 'libvirt', why: facts };
  if (driver === 'libvirt') throw new DriverRefused(`The libvirt driver needs what is not here: ${lacks}. With the fake driver${before ? ` (${anew})` : ''}, instances go through every step and boot nothing.`);
  return { driver: 'fake', why: `for real guests on libvirt, this machine lacks: ${lacks}` };
}

function driverBefore(dataDir: string): Driver | undefined {
  return (['libvirt', 'fake'] as const).find((driver) => existsSync(join(dataDir, 'hosts/compute-1/state', driver)));
}

/** The agent's own look at this machine. */
function machine(): Promise<{ words?: string; facts: string }> {
  return new Promise((done) => execFile(process.execPath, ['--disable-warning=ExperimentalWarning', agentMain, 'check', '--json'], { timeout: 60_000 }, (error, out) => {
    try {
      done(JSON.parse(out) as { words?: string; facts: string });
    } catch {
      done({ words: `an answer to the question what it has (${error?.message.split('\n')[0]})`, facts: '' });
    }
  }));
}
