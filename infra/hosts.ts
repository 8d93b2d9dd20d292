/**
 * Enrols hosts on this machine in the LocalStack deployment and runs their agent until Ctrl-C.
 * usage: npm run hosts -- [--driver fake|libvirt] [--count N]
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../local/engines/ports.ts';
import { localHosts, startAgent, type Driver } from '../local/hosts.ts';
import { socketFolder } from '../local/lock.ts';
import { localstackFolder, readOutputs } from './localstack-outputs.ts';
import { invoke, localstackEnvironment, localstackUrl, region, requireLocalstack } from './localstack.ts';
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
  }, { configFile: join(folder, 'agent.json'), log, env: localstackEnvironment() });
  return {
    hosts: hosts.map(({ host }) => host),
    log,
    async stop() {
      stopRelay();
      await agent.stop();
    },
  };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { driver: { type: 'string', default: 'fake' }, count: { type: 'string', default: '1' } } });
  const count = Number(values.count);
  if (values.driver !== 'fake' && values.driver !== 'libvirt') throw new Error(`--driver is fake or libvirt, not ${values.driver}`);
  if (!Number.isInteger(count) || count < 1 || count > 200) throw new Error(`--count is a number from 1 to 200, not ${values.count}`);
  const running = await startHosts({ driver: values.driver, count });
  console.log(`the agent's log: ${running.log}`);
  console.log(`${running.hosts.length} hosts with the ${values.driver} driver: ${running.hosts.join(', ')}; Ctrl-C stops them`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void running.stop().then(() => process.exit(0)));
}
