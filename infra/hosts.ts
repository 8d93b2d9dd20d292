/**
 * Enrols hosts on this machine in the LocalStack deployment and runs their agent until Ctrl-C.
 * usage: npm run hosts -- [--driver fake|libvirt] [--count N]
 */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hostIdentities, startAgent } from './agents.ts';
import { dataFolder, readOutputs } from './deploy-localstack.ts';
import { invoke, localstackEnvironment, localstackUrl, region, requireLocalstack } from './localstack.ts';
import { relayRings } from './ring-relay.ts';

export interface RunningHosts {
  /** Names, as in `openstack compute service list`. */
  hosts: string[];
  agent: ChildProcess;
  stop(): Promise<void>;
}

/** Starts `count` hosts in one agent. They are there for launches as soon as their first heartbeat is recorded. */
export async function startHosts({ driver, count }: { driver: 'fake' | 'libvirt'; count: number }): Promise<RunningHosts> {
  await requireLocalstack();
  const outputs = readOutputs();
  const folder = join(dataFolder, 'localstack-hosts');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const identities = hostIdentities(folder, 'localstack', count);
  const port = await freePort();
  const consoleUrl = `http://127.0.0.1:${port}`;
  const ringSocket = join(folder, 'rings.sock');
  for (const { host, managedInstanceId, publicKey } of identities) {
    await invoke('nova-compute-manage', { action: 'enrol', host, managed_instance_id: managedInstanceId, public_key: publicKey, console_url: consoleUrl });
  }
  const stopRelay = await relayRings(new Map(identities.map(({ host, managedInstanceId }) => [managedInstanceId, host])), ringSocket);
  const agent = startAgent(
    join(folder, 'agent.json'),
    {
      region,
      endpoints: { dynamodb: localstackUrl, sqs: localstackUrl, s3: localstackUrl },
      journalTable: outputs.HostJournalTableName,
      reportsQueue: outputs.HostReportsQueueUrl,
      heartbeatsQueue: outputs.HostHeartbeatsQueueUrl,
      consolesBucket: outputs.ConsolesBucketName,
      ringSocket,
      console: { address: '127.0.0.1', port },
      hosts: identities.map(({ host, managedInstanceId, privateKeyFile, stateDir }) => ({ host, managedInstanceId, privateKeyFile, stateDir, driver, consoleUrl })),
    },
    localstackEnvironment(),
  );
  const ended = new Promise<void>((done) => agent.once('exit', () => done()));
  return {
    hosts: identities.map(({ host }) => host),
    agent,
    async stop() {
      stopRelay();
      agent.kill('SIGTERM');
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer().on('error', failed).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { driver: { type: 'string', default: 'fake' }, count: { type: 'string', default: '1' } } });
  const count = Number(values.count);
  if (values.driver !== 'fake' && values.driver !== 'libvirt') throw new Error(`--driver is fake or libvirt, not ${values.driver}`);
  if (!Number.isInteger(count) || count < 1 || count > 200) throw new Error(`--count is a number from 1 to 200, not ${values.count}`);
  const running = await startHosts({ driver: values.driver, count });
  console.log(`${running.hosts.length} hosts with the ${values.driver} driver: ${running.hosts.join(', ')}; Ctrl-C stops them`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void running.stop().then(() => process.exit(0)));
  running.agent.once('exit', (code) => process.exit(code ?? 1));
}
