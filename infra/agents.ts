/** Hosts on this machine: their identities, the agent's configuration for them, and the agent itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AgentConfig } from '../shared/agent/config.ts';

export interface HostIdentity {
  host: string;
  managedInstanceId: string;
  /** PEM, Ed25519; what the host is enrolled with. */
  publicKey: string;
  privateKeyFile: string;
  stateDir: string;
}

/** `count` hosts named `PREFIX-1` …; keys and state stand in `folder` and are the same the next time. */
export function hostIdentities(folder: string, prefix: string, count: number): HostIdentity[] {
  return Array.from({ length: count }, (_, index) => {
    const host = `${prefix}-${index + 1}`;
    const stateDir = join(folder, host);
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const privateKeyFile = join(stateDir, 'key.pem');
    if (!existsSync(privateKeyFile)) {
      const { privateKey } = generateKeyPairSync('ed25519');
      writeFileSync(privateKeyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    }
    return {
      host,
      managedInstanceId: `mi-${createHash('sha256').update(`${folder}/${host}`).digest('hex').slice(0, 17)}`,
      publicKey: createPublicKey(readFileSync(privateKeyFile)).export({ type: 'spki', format: 'pem' }).toString(),
      privateKeyFile,
      stateDir,
    };
  });
}

/** Writes the agent's configuration file, readable by its owner alone, and starts the agent with it. */
export function startAgent(file: string, config: AgentConfig, environment: NodeJS.ProcessEnv): ChildProcess {
  writeFileSync(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', resolve(import.meta.dirname, '../agent/main.ts'), '--config', file], {
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
