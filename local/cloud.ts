/**
 * The whole cloud in this process: engines, the functions of the synthesized template, its queues' mappings, REST API and
 * rules, and hosts. `npm start` and the tests use it alike:
 *
 *     const cloud = await startCloud({ dataDir, port: 0 });
 *     await fetch(`${cloud.endpoint}/identity/v3`);
 *     await cloud.invoke('keystone-manage', { command: 'bootstrap', … });   // a Lambda invocation; throws the function's error
 *     cloud.aws                        // variables that lead an AWS SDK client to the engines; cloud.environmentOf('nova-api').TABLE_NOVA
 *     await cloud.stop();
 *
 * Logs: DATA/logs/FUNCTION.log, events.jsonl, agent.log. Tests see every invocation through `around` (functions.ts).
 */
import type { Server } from 'node:http';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { environment } from '../shared/deployment/declaration.ts';
import { startAwsEndpoint } from './aws-endpoint.ts';
import { awsJson } from './aws-json.ts';
import { planDeployment, ringDocuments } from './deployment.ts';
import { startEngines } from './engines/engines.ts';
import { freePort } from './engines/ports.ts';
import { startEvents } from './events.ts';
import { bindFront, openFront } from './front.ts';
import { startFunctions } from './functions.ts';
import type { AroundInvoke, Outcome } from './functions.ts';
import { localHosts, purgeHosts, ringer, startAgent, type Driver } from './hosts.ts';
import { startInvocations } from './invocations.ts';
import { lock, socketFolder } from './lock.ts';
import { startMappings } from './mappings.ts';
import { provision } from './provision.ts';
import { runtimeFile } from './runtime-file.ts';
import { secretsManager } from './secrets-manager.ts';
import { secretsOf, writeAwsrc, writeCredentials } from './secrets.ts';
import { seed, seededServices } from './seed.ts';
import { systemsManager } from './ssm.ts';
import { agentBeside, synthesized } from './synthesis.ts';
import { readTemplate } from './template.ts';
import type { Template } from './template.ts';

export interface CloudOptions {
  dataDir: string;
  /** 0: any free one. */
  port?: number;
  /** Whether to begin anew: the data folder's content goes. */
  reset?: boolean;
  /** Hosts on this machine; 0 for none. Default 1. */
  hypervisors?: number;
  /** Default: fake. */
  driver?: Driver;
  /** A fake host's size. */
  capacity?: { vcpus: number; memory_mb: number; local_gb: number };
  /** Default: the template of the sources as they are. */
  templateFile?: string;
  /** For tests: what is wrong with the template. */
  changeTemplate?: (template: Template) => void;
  around?: AroundInvoke;
  /** For tests: stands between the cloud and an engine (`dynamodb`, `sqs`, `s3`), the functions (`lambda`) or the stand-in of others (`aws`); gives the address to use instead. */
  wire?: (service: string, endpoint: string) => Promise<string>;
  /** Environments per function at most. */
  limit?: number;
  /** Whether schedules fire; tests that count may not want them. Default true. */
  schedules?: boolean;
  /** Whether to create what a new cloud starts with. Default true. */
  seed?: boolean;
  progress?: (text: string) => void;
}

export type Cloud = Awaited<ReturnType<typeof startCloud>>;

const AWS_REGION = 'us-east-1';
const REGION = 'RegionOne';
const FIRST_HEARTBEAT_MS = 60_000;

export async function startCloud(options: CloudOptions) {
  const dataDir = resolve(options.dataDir);
  const logs = join(dataDir, 'logs');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const progress = options.progress ?? (() => {});
  /** What was started, to be stopped in reverse. */
  const started: (() => unknown)[] = [];
  const stop = async () => {
    for (const each of started.splice(0).reverse()) await each();
  };
  try {
    let endpoint = 'starting';
    const locked = await lock(dataDir, () => endpoint);
    started.push(() => locked.close());
    if (options.reset) {
      refuseForeign(dataDir);
      await purgeHosts(dataDir);
      empty(dataDir);
    }
    const server = await bindFront(options.port ?? 0);
    started.push(() => closeServer(server));
    const { port } = server.address() as { port: number };
    endpoint = `http://127.0.0.1:${port}`;

    mkdirSync(logs, { recursive: true, mode: 0o700 });
    turnLogs(logs);
    const engines = startEngines(dataDir);
    engines.catch(() => {}); // seen below
    started.push(() => engines.then((all) => all.stop(), () => {}));
    const templateFile = options.templateFile ?? (await synthesized());
    const wired = async <T extends { endpoint: string }>(service: string, engine: T) => ({ ...engine, endpoint: (await options.wire?.(service, engine.endpoint)) ?? engine.endpoint });
    const all = await engines;
    const [sqs, s3, dynamodb] = await Promise.all([wired('sqs', all.sqs), wired('s3', all.s3), wired('dynamodb', all.dynamodb)]);
    progress('engines and template');

    const template = readTemplate(templateFile);
    options.changeTemplate?.(template);
    const account = {
      region: AWS_REGION,
      accountId: '000000000000',
      parameters: { Endpoint: endpoint, RegionName: REGION },
      queueUrl: (name: string) => `${sqs.endpoint}/000000000000/${name}`,
    };
    const deployment = planDeployment(template, templateFile, account);
    await provision(deployment, { sqs, s3, dynamodb });

    const hosts = localHosts(dataDir, options.hypervisors ?? 1);
    const ringSocket = join(socketFolder(dataDir), 'ring');
    const bell = ringer(ringSocket);
    started.push(bell.stop);
    const ssm = systemsManager({
      documents: ringDocuments(deployment, templateFile, account),
      parameters: deployment.parameters,
      file: join(dataDir, 'parameters.json'),
      registered: (id) => hosts.some(({ managedInstanceId }) => managedInstanceId === id),
      send: (id, { ringId }) => bell.ring(hosts.find(({ managedInstanceId }) => managedInstanceId === id)!.host, ringId!),
    });
    const launchSecrets = secretsManager({ file: join(dataDir, 'secrets-manager.json'), region: AWS_REGION });
    const awsEndpoint = await startAwsEndpoint({ AmazonSSM: ssm, AWSEvents: (operation, body) => putEvents(operation, body), secretsmanager: launchSecrets });
    started.push(awsEndpoint.stop);
    const { endpoint: otherAws } = await wired('aws', awsEndpoint);
    const invocations = await startInvocations({ has: (name) => functions.has(name), invoke: (name, event) => functions.invoke(name, event) });
    started.push(invocations.stop);
    const { endpoint: lambda } = await wired('lambda', invocations);

    const aws = {
      AWS_REGION, AWS_DEFAULT_REGION: AWS_REGION, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', // not the user's own account
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint, AWS_ENDPOINT_URL_SQS: sqs.endpoint, AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_SSM: otherAws, AWS_ENDPOINT_URL_EVENTBRIDGE: otherAws, AWS_ENDPOINT_URL_SECRETS_MANAGER: otherAws, AWS_ENDPOINT_URL_LAMBDA: lambda,
    };
    writeAwsrc(dataDir, aws);
    const heartbeat = Promise.withResolvers<void>();
    const around: AroundInvoke = async (call, next) => {
      const outcome = await (options.around ? options.around(call, next) : next(call.event));
      if (call.function.endsWith('nova-conductor-heartbeats') && isDone(outcome)) heartbeat.resolve();
      return outcome;
    };
    const cacheFolder = join(templateFile, '../../compiled');
    const functions = startFunctions(deployment.functions, {
      aws, logFolder: logs, cacheFolder, runtime: runtimeFile(cacheFolder), limit: options.limit, around,
    });
    started.push(functions.stop);
    const rules = options.schedules === false ? deployment.rules.filter(({ schedule }) => !schedule) : deployment.rules;
    const events = startEvents(rules, deployment.buses, functions, { sqs: sqs.endpoint, region: AWS_REGION, log: join(logs, 'events.jsonl') });
    started.push(events.stop);
    const putEvents = (operation: string, { Entries = [] }: Record<string, any>) => {
      if (operation !== 'PutEvents') throw new Error(`no operation ${operation}`);
      return events.putEvents(Entries);
    };
    const mappings = startMappings(deployment.mappings, functions, { sqs: all.sqs, region: AWS_REGION });
    started.push(mappings.stop);
    openFront(server, deployment, functions, { region: AWS_REGION, s3: s3.endpoint });
    progress('functions');

    const prefix = String(deployment.outputs['FunctionPrefix'] ?? '');
    /** A synchronous Lambda invocation, by the name in the function's declaration. Throws an Error with the function's errorType as its name. */
    async function invoke(name: string, payload: unknown): Promise<unknown> {
      const outcome = await functions.invoke(`${prefix}${name}`, payload);
      if ('result' in outcome) return outcome.result;
      throw Object.assign(new Error(outcome.error.errorMessage), { name: outcome.error.errorType, trace: outcome.error.trace });
    }
    const environmentOf = (name: string) => {
      const found = deployment.functions.find((each) => each.name === `${prefix}${name}`);
      if (!found) throw new Error(`there is no function ${name}`);
      return found.environment;
    };

    const secrets = secretsOf(dataDir);
    const credentials = writeCredentials(dataDir, endpoint, REGION, secrets);
    /** What should be there and isn't, in words for the user; the next start tries again. */
    const problems: string[] = [];
    const tried = (what: Promise<void>) => what.catch((error: Error) => { problems.push(error.message); });

    const driver = options.driver ?? 'fake';
    async function startHosts() {
      const consolePort = await freePort();
      const consoleUrl = `http://127.0.0.1:${consolePort}`;
      for (const { host, managedInstanceId, publicKey } of hosts) {
        await invoke('nova-compute-manage', { command: 'enrol', host, instanceId: managedInstanceId, publicKey, consoleUrl });
      }
      await drained(all.sqs.endpoint, environmentOf('nova-conductor')[environment.queue('nova-conductor')]!);
      const agent = startAgent({
        region: AWS_REGION,
        endpoints: { dynamodb: dynamodb.endpoint, sqs: sqs.endpoint, s3: s3.endpoint },
        journalTable: environmentOf('nova-compute')[environment.table('nova-compute')]!,
        reportsQueue: environmentOf('nova-compute-reports')[environment.queue('host-reports')]!,
        heartbeatsQueue: environmentOf('nova-conductor-heartbeats')[environment.queue('host-heartbeats')]!,
        consolesBucket: environmentOf('nova-api')[environment.bucket('consoles')]!,
        ringSocket,
        console: { address: '127.0.0.1', port: consolePort },
        hosts: hosts.map(({ publicKey: _, ...host }) => ({ ...host, driver, consoleUrl, ...(options.capacity && { capacity: options.capacity }) })),
      }, { program: agentBeside(templateFile), configFile: join(dataDir, 'hosts/agent.json'), log: join(logs, 'agent.log'), env: { ...pick(process.env, ['PATH', 'HOME', 'TMPDIR', 'NODE_COMPILE_CACHE', 'LIBVIRT_DEFAULT_URI']), ...aws } });
      started.push(agent.stop);
      // Ready is who takes a launch. A real host looks itself over before it first tells of itself.
      if (!(await Promise.race([heartbeat.promise.then(() => true), sleep(FIRST_HEARTBEAT_MS, false, { ref: false })]))) {
        problems.push(`the host has not told of itself yet; see ${join(logs, 'agent.log')}`);
      }
    }
    const marker = join(dataDir, 'seeded');
    // A first start's seeding will call them all, and its own first step keeps one processor busy.
    if (options.seed !== false && !existsSync(marker)) {
      const called = deployment.routes.filter(({ path }) => seededServices.some((start) => path.startsWith(start)));
      for (const name of new Set(called.map((route) => route.function))) functions.warm(name);
    }
    await Promise.all([
      hosts.length > 0 && tried(startHosts()),
      options.seed !== false && tried(seed({ invoke, endpoint, region: REGION, ...secrets, marker })),
    ]);
    progress('hosts and seed');

    return { endpoint, dataDir, ...secrets, credentials, problems, aws, deployment, functions, hosts, invoke, environmentOf, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const DRAINED_MS = 10_000;

/** Until nothing is in the queue. A host's enrolment ends in a message: a heartbeat that overtook it would be a stranger's, and its next one comes a quarter of a minute later. */
async function drained(endpoint: string, QueueUrl: string) {
  for (const end = Date.now() + DRAINED_MS; Date.now() < end; await sleep(20)) {
    const { Attributes } = await awsJson(endpoint, 'AmazonSQS', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
    if (Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesNotVisible) === 0) return;
  }
}

/** Whether a batch of messages was worked on, all of them. */
const isDone = (outcome: Outcome) => 'result' in outcome && (outcome.result as { batchItemFailures?: unknown[] } | null)?.batchItemFailures?.length === 0;

/** All that a data folder holds. */
const ours = new Set(['awsrc', 'clouds.yaml', 'dynamodb', 'hosts', 'logs', 'openrc-admin', 'openrc-demo', 'parameters.json', 's3', 'secrets-manager.json', 'secrets.json', 'seeded', 'sqs']);

/** A folder with anything else in it is not to be emptied: what is emptied is gone. */
function refuseForeign(dataDir: string) {
  const foreign = readdirSync(dataDir).find((name) => !ours.has(name.replace(/\.(new|next)$/, '')));
  if (foreign) throw new Error(`${dataDir} holds ${foreign}, which is not Novaless's, so it is not emptied`);
}

function empty(dataDir: string) {
  for (const name of readdirSync(dataDir)) rmSync(join(dataDir, name), { recursive: true, force: true });
}

const LOG_BYTES = 10 * 1024 * 1024;

/** Of a log that has grown large, one older piece is kept. */
function turnLogs(folder: string) {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (!name.endsWith('.1') && statSync(file).size > LOG_BYTES) renameSync(file, `${file}.1`);
  }
}

const pick = (variables: NodeJS.ProcessEnv, names: string[]) => Object.fromEntries(names.flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]]])));

const closeServer = (server: Server) => new Promise<void>((done) => {
  server.close(() => done());
  server.closeAllConnections();
});
