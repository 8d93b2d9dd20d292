/**
 * Enrols hosts on this machine in the LocalStack deployment and runs their agent until Ctrl-C. With enrol, accept, list, drain or retire as
 * its first word, it is for the hosts of an AWS account: see infra/operator/hosts.ts.
 * usage: npm run hosts -- [--driver fake|libvirt] [--count N] [--purge]
 *   --driver  libvirt where this machine can do it, else fake
 *   --purge   takes these hosts away instead, with all their guests, networks and disks, for when the deployment is gone
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../local/engines/ports.ts';
import { chooseDriver } from '../local/driver-choice.ts';
import { localHosts, purgeHosts, startAgent, type Driver } from '../local/hosts.ts';
import { socketFolder } from '../local/lock.ts';
import { agentBeside, synthesized } from '../local/synthesis.ts';
import { localstackFolder, readOutputs } from './localstack-outputs.ts';
import { invoke, localstackEnvironment, localstackUrl, region, requireLocalstack } from './localstack.ts';
import { isOperators, operateHosts } from './operator/hosts.ts';
import { relayRings } from './ring-relay.ts';

export interface RunningHosts {
  /** Names, as in `openstack compute service list`. */
  hosts: string[];
  /** The agent's log file. */
  log: string;
  stop(): Promise<void>;
}

/** Enrols `count` hosts and runs one agent for them. They take launches as soon as their first heartbeat is recorded. */
export async function startHosts({ driver, count }: { driver: Driver; count: number }): Promise<RunningHosts> {
  await requireLocalstack();
  const outputs = readOutputs();
  const folder = localstackFolder;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const hosts = localHosts(folder, count);
  const port = await freePort();
  const consoleUrl = `http://127.0.0.1:${port}`;
  for (const { host, managedInstanceId, publicKey } of hosts) {
    await invoke('nova-compute-manage', { command: 'enrol', host, instanceId: managedInstanceId, publicKey, consoleUrl });
  }
  const ringSocket = join(socketFolder(folder), 'ring');
  const stopRelay = await relayRings(new Map(hosts.map(({ host, managedInstanceId }) => [managedInstanceId, host])), ringSocket);
  const log = join(folder, 'agent.log');
  const agent = startAgent({
    region,
    endpoints: { dynamodb: localstackUrl, sqs: localstackUrl, s3: localstackUrl },
    journalTable: outputs.HostJournalTableName,
    reportsQueue: outputs.HostReportsQueueUrl,
    heartbeatsQueue: outputs.HostHeartbeatsQueueUrl,
    consolesBucket: outputs.ConsolesBucketName,
    ringSocket,
    console: { address: '127.0.0.1', port },
    hosts: hosts.map(({ publicKey: _, ...host }) => ({ ...host, driver, consoleUrl })),
  }, { program: agentBeside(await synthesized()), configFile: join(folder, 'hosts/agent.json'), log, env: localstackEnvironment() });
  return {
    hosts: hosts.map(({ host }) => host),
    log,
    async stop() {
      stopRelay();
      await agent.stop();
    },
  };
}

/** Takes the hosts away that ran here, with all that their guests left on this machine; no agent runs meanwhile. */
export async function purge(): Promise<void> {
  await purgeHosts(localstackFolder);
  rmSync(join(localstackFolder, 'hosts'), { recursive: true, force: true });
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (isOperators(args)) return operateHosts(args);
  const { values } = parseArgs({ options: { driver: { type: 'string' }, count: { type: 'string', default: '1' }, purge: { type: 'boolean', default: false } } });
  if (values.purge) return purge();
  const count = Number(values.count);
  if (!Number.isInteger(count) || count < 1 || count > 200) throw new Error(`--count is a number from 1 to 200, not ${values.count}`);
  const { driver, why } = await chooseDriver({ wanted: values.driver, hypervisors: count, dataDir: localstackFolder, words: { count: '--count', anew: 'take them away with --purge first' } });
  const running = await startHosts({ driver, count });
  console.log(`the agent's log: ${running.log}`);
  console.log(`${running.hosts.length} hosts with the ${driver} driver (${why}): ${running.hosts.join(', ')}; Ctrl-C stops them${driver === 'libvirt' ? ' and leaves their guests running' : ''}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void running.stop().then(() => process.exit(0)));
}

if (import.meta.main) await main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
