/** A machine becomes a host, in two halves: what is made here and run there, and what it answers. */
import { CreateActivationCommand, DescribeInstanceInformationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentConfig } from '../../shared/agent/config.ts';
import { hostTag } from '../names.ts';
import { longestHost, makeHostRole } from './host-role.ts';
import { answerOf, hostScript } from './host-script.ts';
import { type Deployed, invoker, type Target } from './target.ts';

export interface HostSettings {
  /** The EC2 instance that it is; a machine of one's own without it. */
  ec2?: string | undefined;
  driver: 'libvirt' | 'fake';
  /** Where people's browsers reach the host's console listener. */
  consoleUrl: string;
}

/** What is remembered from the one half to the other. */
interface Begun extends HostSettings { activationId?: string }

const CONSOLE_PORT = 6080;
export const defaultConsoleUrl = (host: string) => `http://${host}:${CONSOLE_PORT}`;

const files = ({ folder }: Pick<Target, 'folder'>, host: string) => ({ folder: join(folder, 'hosts'), begun: join(folder, 'hosts', `${host}.json`), script: join(folder, 'hosts', `${host}.sh`) });

/** Throws where a host cannot be called so. */
export function checkName(host: string | undefined, region: string): asserts host is string {
  const longest = longestHost(region);
  if (!host || !/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(host) || host.length > longest) throw new Error(`a host's name has letters, digits, dots and hyphens, ${longest} at most: npm run hosts -- enrol compute-1`);
}

/** Makes the host's role, and the script that makes the machine a host. Returns the script's file, which only its owner can read. */
export async function enrol(target: Target, deployed: Deployed, host: string, settings: HostSettings): Promise<{ script: string; role: string }> {
  if (settings.ec2 && !/^i-[0-9a-f]{8,17}$/.test(settings.ec2)) throw new Error(`--ec2 takes an instance's id, like i-0123456789abcdef0, not ${settings.ec2}`);
  const { hosts } = (await invoker(target, deployed)('nova-compute-manage', { command: 'list' })) as { hosts: { host: string; instanceId: string }[] };
  const same = hosts.find((each) => each.host === host);
  if (same && same.instanceId !== settings.ec2) throw new Error(`${host} is enrolled already, as ${same.instanceId}: choose another name, or npm run hosts -- retire ${host} first`);
  const role = await makeHostRole(target, host, settings.ec2 ? 'ec2' : 'own');
  const activation = settings.ec2 ? undefined : await activate(target, host, role);
  const { folder, begun, script } = files(target, host);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = (file: string, text: string) => {
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: 0o600 });
  };
  write(begun, JSON.stringify({ ...settings, ...(activation && { activationId: activation.id }) } satisfies Begun));
  write(script, hostScript({ host, region: target.region, ...(activation && { activation }), config: (instanceId) => agentConfig(target, deployed, host, settings, instanceId) }));
  return { script, role };
}

/** Of one use, for a day. What registers with it has the tag by which agents are installed, and the host's own role. */
async function activate(target: Target, host: string, role: string): Promise<{ id: string; code: string }> {
  const ssm = new SSMClient(target.settings);
  for (let attempt = 1; ; attempt++) {
    try {
      const { ActivationId: id, ActivationCode: code } = await ssm.send(new CreateActivationCommand({
        IamRole: role, DefaultInstanceName: host, Description: `Novaless host ${host}`, RegistrationLimit: 1, Tags: [{ Key: hostTag.key, Value: hostTag.value }],
      }));
      return { id: id!, code: code! };
    } catch (error) {
      // A role just made is not known everywhere at once.
      if (!/role|trust/i.test((error as Error).message) || attempt >= 10) throw error;
      await sleep(3000);
    }
  }
}

function agentConfig({ region }: Target, { outputs }: Deployed, host: string, { driver, consoleUrl }: HostSettings, managedInstanceId: string): AgentConfig {
  return {
    region,
    journalTable: outputs['HostJournalTableName']!,
    reportsQueue: outputs['HostReportsQueueUrl']!,
    heartbeatsQueue: outputs['HostHeartbeatsQueueUrl']!,
    consolesBucket: outputs['ConsolesBucketName']!,
    ringSocket: '/run/novaless/ring',
    console: { address: '127.0.0.1', port: CONSOLE_PORT },
    hosts: [{ host, managedInstanceId, driver, privateKeyFile: '/etc/novaless/key.pem', stateDir: '/var/lib/novaless/agent', consoleUrl }],
  };
}

/** Takes the machine's answer: from now on the cloud believes what is signed with its key. Throws where it is another machine's. */
export async function accept(target: Target, deployed: Deployed, host: string, answer: string): Promise<void> {
  const { begun: file, script } = files(target, host);
  if (!existsSync(file)) throw new Error(`nobody here began to enrol ${host}: npm run hosts -- enrol ${host}`);
  const { instanceId, publicKey } = answerOf(answer);
  const { consoleUrl, ec2, activationId } = JSON.parse(readFileSync(file, 'utf8')) as Begun;
  if (ec2 && ec2 !== instanceId) throw new Error(`${host} is to be ${ec2}, and this is the answer of ${instanceId}`);
  if (activationId) await checkRegistered(target, host, instanceId, activationId);
  await invoker(target, deployed)('nova-compute-manage', { command: 'enrol', host, instanceId, publicKey, consoleUrl });
  rmSync(script, { force: true }); // it holds the activation's code
}

async function checkRegistered(target: Target, host: string, instanceId: string, activationId: string): Promise<void> {
  const ssm = new SSMClient(target.settings);
  const { InstanceInformationList: found = [] } = await ssm.send(new DescribeInstanceInformationCommand({ Filters: [{ Key: 'ActivationIds', Values: [activationId] }] }));
  if (!found.some(({ InstanceId }) => InstanceId === instanceId)) throw new Error(`SSM knows no ${instanceId} that registered with what was made for ${host}: was the script of another host run there, or of another day?`);
}

/** Forgets what was remembered of a host. */
export function forget(target: Target, host: string): void {
  const { begun, script } = files(target, host);
  for (const file of [begun, script]) rmSync(file, { force: true });
}
