import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dnsmasqConfig, type Guest, leaseOf } from './dnsmasq.ts';
import { shortHash } from './names.ts';
import { runIn } from './namespace.ts';

const PATIENCE_MS = 3000, LOOK_MS = 20;

/** One dnsmasq per network that needs one. Its configuration's file is named by the contents, so a running one tells which it has. */
export function dhcpServers(folder: string) {
  const all = join(folder, '/');
  const prefixOf = (network_id: string) => join(folder, `${network_id}.dnsmasq.`);

  /** Ends the network's servers but the one with this configuration; tells whether that one runs. */
  async function stop(network_id: string, but?: string): Promise<boolean> {
    const prefix = prefixOf(network_id);
    const running = processesWith(prefix);
    for (const { pid, config } of running) if (config !== but) await end(pid, config);
    for (const file of filesWith(prefix)) if (file !== but && file !== `${prefix}log`) rmSync(file, { force: true });
    return running.some(({ config }) => config === but);
  }

  return {
    stop: async (network_id: string): Promise<void> => {
      await stop(network_id);
      rmSync(`${prefixOf(network_id)}log`, { force: true });
    },
    /** Runs with exactly these guests, or not at all where none wants it. */
    async ensure(network_id: string, namespace: string, guests: Guest[]): Promise<void> {
      if (!guests.some(({ port }) => leaseOf(port, 4) ?? leaseOf(port, 6))) return void (await stop(network_id));
      const text = dnsmasqConfig(guests, { user: unprivilegedUser(), logFile: `${prefixOf(network_id)}log` });
      const config = `${prefixOf(network_id)}${shortHash(text)}.conf`;
      if (await stop(network_id, config)) return;
      writeFileSync(config, text, { mode: 0o600 });
      rmSync(`${prefixOf(network_id)}log`, { force: true });
      await runIn(namespace, 'dnsmasq', [`--conf-file=${config}`]);
    },
    /** Networks that have a server or files of one. */
    networks: (): string[] => [...networksOf(filesWith(all))],
    /** Networks whose server runs, by one look at the host's processes. */
    running: (): Set<string> => networksOf(processesWith(all).map(({ config }) => config)),
  };
}

const filesWith = (prefix: string): string[] => {
  const folder = prefix.slice(0, prefix.lastIndexOf('/'));
  return readdirSync(folder).map((name) => join(folder, name)).filter((file) => file.startsWith(prefix));
};

const networksOf = (files: string[]) => new Set(files.map((file) => /^([0-9a-f-]{36})\.dnsmasq\./.exec(basename(file))?.[1]).filter((id) => id !== undefined));

const FLAG = '--conf-file=';

/** The configuration that a process was started with, where it is a dnsmasq. */
function configOf(pid: number): string | undefined {
  try {
    const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return basename(program) === 'dnsmasq' ? args.find((arg) => arg.startsWith(FLAG))?.slice(FLAG.length) : undefined;
  } catch {
    return undefined; // it ended
  }
}

/** Found by what they were started with, not by a file with a number that somebody else's process may have by now. */
function processesWith(prefix: string): { pid: number; config: string }[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    const config = configOf(Number(name));
    return config?.startsWith(prefix) ? [{ pid: Number(name), config }] : [];
  });
}

async function end(pid: number, config: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (configOf(pid) !== config) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw new Error(`dnsmasq, process ${pid}, cannot be ended: ${(error as Error).message}`, { cause: error }); // it is not root's: that takes CAP_KILL
    }
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until && configOf(pid) === config;) await sleep(LOOK_MS);
  }
  if (configOf(pid) === config) throw new Error(`dnsmasq, process ${pid}, does not end`);
}

/** dnsmasq gives up root's rights for this one. */
export function unprivilegedUser(): string {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':')[0]);
  return users.includes('dnsmasq') ? 'dnsmasq' : 'nobody';
}
