import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installedClients, type OpenstackClients } from '../openstack-clients.ts';

export interface Outcome { code: number; out: string; err: string }

/** Runs a program to its end, with a time limit in milliseconds. */
export function runProgram(program: string, args: string[], env: NodeJS.ProcessEnv, limit = 120_000): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', LANG: 'C.UTF-8', ...env }, stdio: ['ignore', 'pipe', 'pipe'], cwd: scratch });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; });
    const timer = setTimeout(() => child.kill('SIGKILL'), limit);
    child.on('error', reject);
    child.on('close', (code) => { clearTimeout(timer); resolve({ code: code ?? 137, out, err }); });
  });
}

/** An empty folder: clients also look for clouds.yaml where they stand. */
const scratch = mkdtempSync(join(tmpdir(), 'novaless-clients-'));

/** `export KEY=value` lines of an openrc file. */
const openrc = (file: string): Record<string, string> =>
  Object.fromEntries([...readFileSync(file, 'utf8').matchAll(/^export (\w+)=(.*)$/gm)].map(([, key, value]) => [key!, value!.replace(/^(['"])(.*)\1$/, '$2')]));

/** The real clients against a cloud whose credentials lie in `folder` (clouds.yaml, openrc-demo, openrc-admin). */
export function clientsOf(clients: OpenstackClients, folder: string) {
  const must = async (what: Promise<Outcome>, words: string[]): Promise<string> => {
    const { code, out, err } = await what;
    if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${err.trim().slice(-2000)}`);
    return out;
  };
  const env = { OS_CLIENT_CONFIG_FILE: join(folder, 'clouds.yaml'), PYTHONWARNINGS: 'ignore' };
  const openstackAs = (cloud: string, words: string[]) => runProgram(clients.openstack, ['--os-cloud', cloud, ...words], env);
  const nova = (words: string[], who = 'demo') => runProgram(clients.nova, words, { ...openrc(join(folder, `openrc-${who}`)), PYTHONWARNINGS: 'ignore' });
  const lines = async (as: string, words: string[]) => must(openstackAs(as, words), ['openstack', ...words]);
  return {
    label: clients.label,
    /** `openstack …` as demo; its output. Throws with the client's own words where it fails. */
    openstack: (...words: string[]) => lines('novaless-demo', words),
    admin: (...words: string[]) => lines('novaless-admin', words),
    /** The same with `-f json`, parsed. */
    json: async (...words: string[]) => JSON.parse(await lines('novaless-demo', [...words, '-f', 'json'])),
    adminJson: async (...words: string[]) => JSON.parse(await lines('novaless-admin', [...words, '-f', 'json'])),
    /** What a command that should fail says. */
    refusal: async (...words: string[]): Promise<string> => {
      const { code, err, out } = await openstackAs('novaless-demo', words);
      if (code === 0) throw new Error(`openstack ${words.join(' ')} should have failed, but said ${out}`);
      return err + out;
    },
    nova: (...words: string[]) => must(nova(words), ['nova', ...words]),
    novaAsAdmin: (...words: string[]) => must(nova(words, 'admin'), ['nova', ...words]),
  };
}
export type Clients = ReturnType<typeof clientsOf>;

export { installedClients };
