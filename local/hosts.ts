import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { AgentConfig } from '../shared/agent/config.ts';
import { keepRunning, spawnBound } from './engines/child.ts';

export type Driver = 'fake' | 'libvirt';

/** The agent's sources, for what it is asked before there is a cloud, or when none is there any more. */
export const agentMain = join(import.meta.dirname, '../agent/main.ts');

export interface Host {
  host: string;
  managedInstanceId: string;
  publicKey: string;
  privateKeyFile: string;
  stateDir: string;
}

/** This machine's hosts, `compute-1` and on, each with an identity of its own that it keeps from one start to the next. */
export function localHosts(dataDir: string, count: number): Host[] {
  return Array.from({ length: count }, (_, index) => {
    const host = `compute-${index + 1}`;
    const folder = join(dataDir, 'hosts', host);
    const [identityFile, privateKeyFile, stateDir] = ['identity.json', 'key.pem', 'state'].map((name) => join(folder, name)) as [string, string, string];
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    if (!existsSync(identityFile)) {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
      writeFileSync(privateKeyFile, privateKey, { mode: 0o600 });
      writeFileSync(identityFile, JSON.stringify({ managedInstanceId: `mi-${randomBytes(9).toString('hex').slice(1)}`, publicKey }), { mode: 0o600 });
    }
    return { host, privateKeyFile, stateDir, ...(JSON.parse(readFileSync(identityFile, 'utf8')) as { managedInstanceId: string; publicKey: string }) };
  });
}

/** For a process that mostly waits: threads that collect garbage beside it, and much room for young objects, cost it more than they save. */
const RESTING = ['--single-threaded-gc', '--max-semi-space-size=2'];

/** One agent process for all of this machine's hosts, of the agent in one file; it is started again if it dies. */
export function startAgent(config: AgentConfig, settings: { program: string; configFile: string; log: string; env?: NodeJS.ProcessEnv }) {
  writeFileSync(settings.configFile, JSON.stringify(config, null, 2), { mode: 0o600 });
  return keepRunning(() => {
    const child = spawnBound(process.execPath, ['--disable-warning=ExperimentalWarning', ...RESTING, settings.program, '--config', settings.configFile], { log: settings.log, env: settings.env });
    return { ended: new Promise((done) => child.once('exit', done)), kill: () => child.stdin?.end() };
  });
}

/**
 * Takes all that real guests left on this machine away: those of the hosts whose state is in `dataDir`, while no agent runs. Throws with
 * the reason where it can't; then all of it is still known, and it may be tried again.
 */
export async function purgeHosts(dataDir: string): Promise<void> {
  const configFile = join(dataDir, 'hosts/agent.json');
  if (!existsSync(configFile)) return;
  const { hosts } = JSON.parse(readFileSync(configFile, 'utf8')) as AgentConfig;
  if (hosts.every(({ driver }) => driver === 'fake')) return;
  await new Promise<void>((done, failed) => execFile(process.execPath, ['--disable-warning=ExperimentalWarning', agentMain, 'purge', '--config', configFile], (error, out) => {
    if (!error) return done();
    const said = out.trim().split('\n').at(-1) ?? '';
    failed(new Error(`the guests of ${dataDir} could not be taken away: ${/"reason":"((?:[^"\\]|\\.)*)"/.exec(said)?.[1] ?? error.message}`));
  }));
}

/** Rings agents as SSM would: a line on their socket. A ring that cannot be delivered is lost, as it may be on AWS. */
export function ringer(socketPath: string) {
  let socket: Socket | undefined;
  return {
    ring(host: string, ring: string) {
      if (!socket || socket.destroyed) {
        const opened = connect(socketPath);
        opened.on('error', () => {}).on('close', () => { if (socket === opened) socket = undefined; });
        opened.unref();
        socket = opened;
      }
      socket.write(`${JSON.stringify({ host, ring })}\n`);
    },
    stop: () => socket?.destroy(),
  };
}
