import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder } from '../../files.ts';
import { aliasesIn, ownerIn } from './domain.ts';
import { DOMAIN, domainName, domainState, domainStates } from './states.ts';
import { LibvirtFailed, NoDomain, type Virsh } from './virsh.ts';

const START_MS = 120_000;
const SAVE_MS = 30 * 60_000;
const LOOK_MS = 400;

export type Domains = ReturnType<typeof openDomains>;

/** What libvirt is told to do with a domain; each may be told again, and is fine with what is so already. */
export function openDomains(driverFolder: string, virsh: Virsh) {
  const folder = makeFolder(driverFolder, 'xml');
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { force: true });

  /** virsh reads definitions only from files. */
  async function withFile<T>(xml: string, use: (file: string) => Promise<T>): Promise<T> {
    const file = join(folder, `${randomUUID()}.xml`);
    await writeFile(file, xml, { mode: 0o600 });
    try {
      return await use(file);
    } finally {
      await rm(file, { force: true });
    }
  }

  /** `fine`: libvirt's words for that it is so already. */
  async function told(words: string[], fine: RegExp, options?: Parameters<Virsh>[1]): Promise<void> {
    try {
      await virsh(words, options);
    } catch (error) {
      if (!(error instanceof LibvirtFailed) || !fine.test(error.said)) throw error;
    }
  }

  const domains = {
    all: () => domainStates(virsh),
    state: (uuid: string) => domainState(virsh, uuid),
    /** Undefined where there is none. */
    async xml(uuid: string): Promise<string | undefined> {
      try {
        return await virsh(['dumpxml', domainName(uuid)]);
      } catch (error) {
        if (error instanceof NoDomain) return undefined;
        throw error;
      }
    },
    /** Whether the domain has the device now. */
    has: async (uuid: string, alias: string): Promise<boolean> => aliasesIn((await domains.xml(uuid)) ?? '<domain/>').has(alias),
    /** libvirt's number of the run under way, another one for each; '-' where it does not run. */
    async run(uuid: string): Promise<string> {
      try {
        return (await virsh(['domid', domainName(uuid)])).trim();
      } catch (error) {
        if (error instanceof NoDomain) return '-';
        throw error;
      }
    },
    define: (xml: string) => withFile(xml, (file) => virsh(['define', file])),
    startPaused: (uuid: string, signal: AbortSignal) => told(['start', '--paused', domainName(uuid)], /already (active|running)/i, { timeoutMs: START_MS, signal }),
    pause: (uuid: string) => told(['suspend', domainName(uuid)], /already paused|domain is not running/i),
    unpause: (uuid: string) => told(['resume', domainName(uuid)], /already running/i),
    askToShutDown: (uuid: string) => told(['shutdown', '--mode', 'acpi', domainName(uuid)], /not running/i),
    async end(uuid: string): Promise<void> {
      try {
        await told(['destroy', domainName(uuid)], /not running/i);
      } catch (error) {
        if (!(error instanceof NoDomain)) throw error;
      }
    },
    async forgetMemory(uuid: string): Promise<void> {
      await told(['managedsave-remove', domainName(uuid)], /has no manage[d ]*save|no managed save/i);
    },
    /** To disk; where it's under way already, waits for it. */
    async save(uuid: string, signal: AbortSignal): Promise<void> {
      await told(['managedsave', domainName(uuid), '--running'], /not running|state change lock|job/i, { timeoutMs: SAVE_MS, signal });
      await until(async () => (await domains.state(uuid))?.state === DOMAIN.SHUTOFF, SAVE_MS, signal);
    },
    attach: (uuid: string, xml: string) => withFile(xml, (file) => virsh(['attach-device', domainName(uuid), file, '--live'])),
    detach: (uuid: string, alias: string) => told(['detach-device-alias', domainName(uuid), alias, '--live'], /already in the process of unplug|no device found with alias|device not found/i),
    link: (uuid: string, tap: string, state: 'up' | 'down') => virsh(['domif-setlink', domainName(uuid), tap, state]),
    /** Ends and forgets it, with all that libvirt keeps of it. Another owner's is left as it is. */
    async remove(uuid: string, owner: string): Promise<void> {
      const xml = await domains.xml(uuid);
      if (xml === undefined || ownerIn(xml) !== owner) return;
      await domains.end(uuid);
      try {
        await virsh(['undefine', domainName(uuid), '--managed-save', '--nvram', '--snapshots-metadata', '--checkpoints-metadata']);
      } catch (error) {
        if (!(error instanceof NoDomain)) throw error; // a guest that was only started, never defined, went with its end
      }
    },
  };
  return domains;
}

/** Whether it came true in time. */
export async function until(true_: () => Promise<boolean>, ms: number, signal: AbortSignal): Promise<boolean> {
  for (const end = Date.now() + ms; ;) {
    if (await true_()) return true;
    if (Date.now() > end) return false;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
