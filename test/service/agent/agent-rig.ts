import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { COMMAND_PREFIX, commandSortKey, hostPartition, type Command, type SpawnArgs } from '../../../shared/agent/command.ts';
import type { AgentConfig } from '../../../shared/agent/config.ts';
import { consoleLogKey } from '../../../shared/agent/console.ts';
import type { CommandDone, Heartbeat, PowerStates, Report, SignedReport } from '../../../shared/agent/report.ts';
import { verifiedReport } from '../../../shared/agent/signature.ts';
import { environment } from '../../../shared/deployment/declaration.ts';
import type { SubjectRecord } from '../../../agent/commands/records.ts';
import { ring } from '../../../agent/ring.ts';
import { openGate } from './gate.ts';
import { eventually } from '../../support/eventually.ts';
import { startRig } from '../rig.ts';

const main = resolve(import.meta.dirname, '../../../agent/main.ts');
const pem = () => generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });

export const consoleKeys = pem();
export const image = { id: randomUUID(), bytes: Buffer.alloc(300_000, 'image') };
const imageSource = {
  type: 'image' as const, image_id: image.id, location: `s3://images/${image.id}`, size: image.bytes.length,
  checksum: createHash('md5').update(image.bytes).digest('hex'), disk_format: 'qcow2', size_gb: 10,
};

/** A launch as nova-compute would ask for it. */
export const spawnArgs = (instance_uuid: string, change: Partial<SpawnArgs> & { source?: Partial<typeof imageSource> } = {}): SpawnArgs => {
  const { source, ...rest } = change;
  return {
    instance_uuid, project_id: 'demo', user_id: 'me', name: 'stack_testvm', hostname: 'stack-testvm', launch_index: 0,
    flavor: { name: 'm1.small', vcpus: 1, memory_mb: 2048, root_gb: 20, ephemeral_gb: 0, swap: 0, extra_specs: {} },
    image_properties: {}, disks: [{ device: '/dev/vda', boot_index: 0, source: { ...imageSource, ...source } }],
    vifs: [vif(randomUUID())], config_drive: false, key_name: 'my_key', key_data: 'ssh-ed25519 AAAA', user_data: Buffer.from('top secret script').toString('base64'),
    admin_pass: 'top-secret-password', metadata: {}, availability_zone: 'nova', console_public_key: consoleKeys.publicKey, ...rest,
  };
};
export const vif = (port_id: string) => ({
  port_id, network_id: randomUUID(), network_name: 'private', mac_address: 'fa:16:3e:00:00:01', mtu: 1500, port_security: true, security_rules: [],
  fixed_ips: [{ ip_address: '10.0.0.7', subnet_id: randomUUID(), cidr: '10.0.0.0/26', gateway_ip: '10.0.0.1', version: 4, dns_nameservers: [], host_routes: [], enable_dhcp: true }],
});

export const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

/** A command with what a test doesn't care about. */
export function command<K extends Command['kind']>(kind: K, args: Extract<Command, { kind: K }>['args'], rest: Partial<Omit<Command, 'kind' | 'args'>> = {}): Command {
  const subject = 'instance_uuid' in args ? args.instance_uuid : 'security_group_id' in args ? args.security_group_id : (args as { volume_id: string }).volume_id;
  return { id: randomUUID(), kind, subject, attempt: kind === 'spawn' ? 1 : 0, not_after: inSeconds(120), args, ...rest } as Command;
}

/** The engines, each behind a gate, and an agent for `count` hosts that can be killed and started again; `program`: a bundle of it. */
export async function startAgentRig(count = 1, { program = main }: { program?: string } = {}) {
  const rig = await startRig();
  const folder = mkdtempSync(join(tmpdir(), 'novaless-agent-'));
  const credentials = { credentials: { accessKeyId: 'local', secretAccessKey: 'local' }, region: 'us-east-1' };
  const journal = DynamoDBDocumentClient.from(new DynamoDBClient({ ...credentials, endpoint: rig.engines.dynamodb.endpoint }));
  const s3 = new S3Client({ ...credentials, endpoint: rig.engines.s3.endpoint, forcePathStyle: true });
  const gates = { dynamodb: await openGate(rig.engines.dynamodb.endpoint), sqs: await openGate(rig.engines.sqs.endpoint), s3: await openGate(rig.engines.s3.endpoint) };
  const table = process.env[environment.table('nova-compute')]!;
  const hosts = Array.from({ length: count }, (_, index) => ({ host: `compute-${index + 1}`, ...pem() }));
  const stateDir = (host = hosts[0]!.host) => join(folder, host);
  await s3.send(new PutObjectCommand({ Bucket: 'images', Key: image.id, Body: image.bytes }));

  const config: AgentConfig = {
    region: 'us-east-1', endpoints: { dynamodb: gates.dynamodb.endpoint, sqs: gates.sqs.endpoint, s3: gates.s3.endpoint },
    journalTable: table, reportsQueue: process.env[environment.queue('host-reports')]!, heartbeatsQueue: process.env[environment.queue('host-heartbeats')]!,
    consolesBucket: 'consoles', ringSocket: join(folder, 'ring'), console: { address: '127.0.0.1', port: 0 },
    hosts: hosts.map(({ host }) => ({ host, managedInstanceId: `mi-${host}`, privateKeyFile: join(folder, `${host}.pem`), stateDir: stateDir(host), driver: 'fake', consoleUrl: `http://127.0.0.1/${host}` })),
  };
  for (const { host, privateKey } of hosts) writeFileSync(join(folder, `${host}.pem`), privateKey, { mode: 0o600 });
  writeFileSync(join(folder, 'agent.json'), JSON.stringify(config));

  let agent: ChildProcess | undefined;
  let output = '';
  const reports: CommandDone[] = [];
  const powerStates: PowerStates[] = [];

  const rigged = {
    ...rig, gates, folder, hosts, s3, config, stateDir, reports, powerStates,
    output: () => output,
    pid: () => agent!.pid!,
    consolePort: 0,
    async start(args: string[] = [], environmentMore: Record<string, string> = {}) {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, '--config', join(folder, 'agent.json'), ...args], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...environmentMore } });
      agent = child;
      const from = output.length;
      child.stdout!.setEncoding('utf8').on('data', (text: string) => { output += text; });
      await eventually(async () => {
        const started = output.slice(from).split('\n').find((line) => line.includes('"agent started"'));
        if (!started) throw new Error(`the agent has not started: ${output.slice(from)}`);
        rigged.consolePort = (JSON.parse(started) as { console_port: number }).console_port;
      });
      return child;
    },
    async kill(signal: NodeJS.Signals = 'SIGKILL') {
      const child = agent;
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((done) => child.once('exit', done));
      child.kill(signal);
      await ended;
    },
    /** Puts commands into the journal, `times` items each. */
    async ask(commands: Command | Command[], times = 1, host = hosts[0]!.host) {
      for (const each of [commands].flat()) {
        for (let copy = 0; copy < times; copy++) await rigged.putItem(each, host, copy);
      }
    },
    putItem: (item: unknown, host = hosts[0]!.host, copy = 0) =>
      journal.send(new PutCommand({ TableName: table, Item: { pk: hostPartition(host), sk: commandSortKey(new Date(), `${(item as Command | undefined)?.id ?? 'odd'}${copy ? `-${copy}` : ''}`), command: item } })),
    /** Takes all commands off the journal, as nova-compute does once their report has come. */
    async settle(host = hosts[0]!.host) {
      const { Items = [] } = await journal.send(new QueryCommand({ TableName: table, KeyConditionExpression: 'pk = :p and begins_with(sk, :c)', ExpressionAttributeValues: { ':p': hostPartition(host), ':c': COMMAND_PREFIX } }));
      for (const { pk, sk } of Items) await journal.send(new DeleteItemCommand({ TableName: table, Key: { pk: { S: pk }, sk: { S: sk } } }));
    },
    ring: (host: string | undefined = hosts[0]!.host, more: object = {}) => ring(config.ringSocket, { host, ring: randomUUID(), ...more }),
    /** All reports so far, each with its host's signature checked. */
    async collect(): Promise<CommandDone[]> {
      for (const signed of (await rig.take('host-reports')) as unknown as SignedReport[]) {
        const report = checked(signed, hosts);
        if (report.method === 'command_done') reports.push(report.args as CommandDone);
        else powerStates.push(report.args as PowerStates);
      }
      return reports;
    },
    /** The report of a command, once it is there. */
    reported: (wanted: Command, seconds = 15): Promise<CommandDone> =>
      eventually(async () => {
        const found = (await rigged.collect()).findLast(({ command_id }) => command_id === wanted.id);
        if (!found) throw new Error(`no report of ${wanted.kind} ${wanted.id}`);
        return found;
      }, seconds),
    /** Asks, rings and waits for the report. */
    async do(wanted: Command): Promise<CommandDone> {
      await rigged.ask(wanted);
      await rigged.ring();
      return rigged.reported(wanted);
    },
    heartbeats: async () => ((await rig.take('host-heartbeats')) as unknown as SignedReport[]).map((signed) => checked(signed, hosts).args as Heartbeat),
    consoleLog: async (uuid: string): Promise<string | undefined> =>
      s3.send(new GetObjectCommand({ Bucket: 'consoles', Key: consoleLogKey(uuid) })).then(({ Body }) => Body!.transformToString(), (error: Error) => {
        if (error.name !== 'NoSuchKey') throw error;
        return undefined;
      }),
    /** What the agent remembers of a subject, to be looked at and, while no agent runs, changed. */
    record: (subject: string) => JSON.parse(readFileSync(join(stateDir(), 'subjects', `${subject}.json`), 'utf8')) as SubjectRecord,
    changeRecord(subject: string, change: (record: SubjectRecord) => void) {
      const record = rigged.record(subject);
      change(record);
      writeFileSync(join(stateDir(), 'subjects', `${subject}.json`), JSON.stringify(record));
    },
    /** What the fake driver has of an instance. */
    guest(uuid: string, host?: string): { power_state: number; console: string; vifs: unknown[]; disks: unknown[] } | undefined {
      const file = join(stateDir(host), 'fake/guests', `${uuid}.json`);
      return readdirSync(join(stateDir(host), 'fake/guests')).includes(`${uuid}.json`) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
    },
    async stop() {
      await rigged.kill();
      for (const gate of Object.values(gates)) gate.stop();
      await rig.stop();
      if (process.env['KEEP']) appendFileSync('/tmp/agent-rig.log', output);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return rigged;
}
export type AgentRig = Awaited<ReturnType<typeof startAgentRig>>;

function checked(signed: SignedReport, hosts: { host: string; publicKey: string }[]): Report {
  const report = verifiedReport(signed, hosts.find(({ host }) => host === signed.host)!.publicKey);
  if (!report) throw new Error(`a report with a wrong signature of ${signed.host}`);
  return report;
}
