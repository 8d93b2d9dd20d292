import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCdk } from '../../infra/command.ts';
import { readClouds, updateClouds } from '../../infra/clouds.ts';
import { invokerOf } from '../../infra/invoke.ts';
import type { Outputs } from '../../infra/localstack-outputs.ts';
import { freePort } from '../../local/engines/ports.ts';
import { localHosts, ringer, startAgent } from '../../local/hosts.ts';
import { socketFolder } from '../../local/lock.ts';
import { secretsOf, writeCredentials } from '../../local/secrets.ts';
import { seed } from '../../local/seed.ts';
import { agentBeside, synthesized } from '../../local/synthesis.ts';
import type { Template } from '../../local/template.ts';
import { assemblyIn, changeTemplate, leaveOut } from './assembly.ts';
import { account, type Ministack, region, startMinistack } from './ministack.ts';
import { startSystemsManager } from './systems-manager.ts';

/** What MiniStack has none of; a deployment with one of them is refused as a whole. */
function leaveOutUnknown(template: Template): void {
  for (const type of ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm', 'AWS::CloudWatch::Dashboard']) leaveOut(template, type);
}

/** The control plane on a MiniStack of its own, seeded, with two fake hosts. All that it keeps is in `folder`, credentials too. */
export async function deployOnMinistack(folder: string) {
  /** What was started, to be stopped in reverse. */
  const started: (() => unknown)[] = [];
  const stop = async () => {
    for (const each of started.splice(0).reverse()) await each();
  };
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const hosts = localHosts(folder, 2);
    const ringSocket = join(socketFolder(folder), 'ring');
    const bell = ringer(ringSocket);
    started.push(bell.stop);
    const ring = (instanceId: string, ringId: string) => {
      const found = hosts.find(({ managedInstanceId }) => managedInstanceId === instanceId);
      if (found) bell.ring(found.host, ringId);
      return found !== undefined;
    };
    const ministack = await startMinistack(join(folder, 'ministack'), {
      systemsManager: async ({ url }) => {
        const stand = await startSystemsManager({ url, account, region, ring });
        started.push(stand.stop);
        return stand.endpoint;
      },
    });
    started.push(ministack.stop);
    const { url, environment } = ministack;
    const client = { endpoint: url, region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 };

    const assembly = await assemblyIn(join(folder, 'assembly'), leaveOutUnknown);
    const outputsFile = join(folder, 'outputs.json');
    const deploy = () => runCdk([
      'deploy', 'Novaless', '--app', assembly, '--require-approval', 'never', '--method', 'direct', '--outputs-file', outputsFile,
      '--parameters', `EndpointPrefix=${url}/_aws/execute-api/`, '--parameters', 'EndpointSuffix=/v1',
    ], { environment, seconds: 180, show: () => {} });
    await runCdk(['bootstrap', `aws://${account}/${region}`, '--app', assembly], { environment, seconds: 120, show: () => {} });
    await deploy();
    const outputs = (JSON.parse(readFileSync(outputsFile, 'utf8')) as { Novaless: Outputs }).Novaless;
    const endpoint = outputs.PublicEndpoint;

    const invoke = invokerOf(client, 'Novaless-');
    const secrets = secretsOf(folder);
    await seed({ invoke, endpoint, region: 'RegionOne', ...secrets });
    writeTrustingCredentials(folder, endpoint, ministack);

    const port = await freePort();
    const consoleUrl = `http://127.0.0.1:${port}`;
    for (const { host, managedInstanceId, publicKey } of hosts) {
      await invoke('nova-compute-manage', { command: 'enrol', host, instanceId: managedInstanceId, publicKey, consoleUrl });
    }
    const agent = startAgent({
      region, ringSocket,
      endpoints: { dynamodb: url, sqs: url, s3: url },
      journalTable: outputs.HostJournalTableName, reportsQueue: outputs.HostReportsQueueUrl, heartbeatsQueue: outputs.HostHeartbeatsQueueUrl, consolesBucket: outputs.ConsolesBucketName,
      console: { address: '127.0.0.1', port },
      hosts: hosts.map(({ publicKey: _, ...host }) => ({ ...host, driver: 'fake' as const, consoleUrl })),
    }, { program: agentBeside(await synthesized()), configFile: join(folder, 'hosts/agent.json'), log: join(folder, 'agent.log'), env: environment });
    started.push(agent.stop);

    return {
      ministack, endpoint, client, invoke, stop,
      /** Deploys a stack of an owner's beside the cloud, out of its assembly. */
      deployBeside: (stack: string, app: string) => runCdk(['deploy', stack, '--app', app, '--require-approval', 'never', '--method', 'direct'], { environment, seconds: 120, show: () => {} }),
      /** Deploys the control plane again, with a change of its template. */
      async redeploy(change: (template: Template) => void): Promise<void> {
        changeTemplate(assembly, change);
        await deploy();
      },
      refusals: () => refusals(ministack),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** As an operator's files, and with the emulator's certificate as one to trust. */
function writeTrustingCredentials(folder: string, endpoint: string, { certificate: cacert }: Ministack): void {
  writeCredentials(folder, endpoint, 'RegionOne', secretsOf(folder));
  const file = join(folder, 'clouds.yaml');
  updateClouds(file, Object.fromEntries(Object.entries(readClouds(file)).map(([name, cloud]) => [name, { ...cloud, cacert }])));
  for (const who of ['admin', 'demo']) appendFileSync(join(folder, `openrc-${who}`), `export OS_CACERT='${cacert}'\n`);
}

/** What functions were not allowed to do, as AWS says it in their logs: `sqs:SendMessage …`, each once. */
async function refusals({ url }: Ministack): Promise<string[]> {
  const call = async (operation: string, body: object) => {
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body), headers: {
      'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/logs/aws4_request, SignedHeaders=host, Signature=none`,
    } });
    if (!answer.ok) throw new Error(`${operation}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, any>;
  };
  const found = new Set<string>();
  for (const { logGroupName } of (await call('DescribeLogGroups', {}))['logGroups']) {
    const { events } = await call('FilterLogEvents', { logGroupName, limit: 10_000 });
    for (const { message } of events) for (const [, what] of message.matchAll(/not authorized to perform: ([^"\\]+)/g)) found.add(`${logGroupName}: ${what}`);
  }
  return [...found];
}
