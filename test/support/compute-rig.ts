/**
 * nova-scheduler, nova-conductor and nova-compute on real engines, with stand-ins for the services that they ask by REST and for
 * the hosts' agents. Messages are delivered one at a time by `pump`, so that a fault can be put at any request of any handler:
 * the gate stands before the database, the queues, SSM and the REST services, and sees each request of the handler at work.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { awsJson } from '../../local/aws-json.ts';
import { hostPartition, COMMAND_PREFIX, type Command, type CommandItem } from '../../shared/agent/command.ts';
import type { CommandDone, Heartbeat } from '../../shared/agent/report.ts';
import { signReport } from '../../shared/agent/signature.ts';
import { environment, queues, type QueueName } from '../../shared/deployment/declaration.ts';
import type { RequestContext } from '../../shared/identity/context.ts';
import { actionKey, type InstanceAction } from '../../shared/objects/action.ts';
import { computeNodeKey, type ComputeNode } from '../../shared/objects/compute_node.ts';
import { deletedKey } from '../../shared/objects/deletion.ts';
import { allServersIndex, dueInstance, instanceKey, now, SCHEDULING_SECONDS, type BlockDevice, type Instance, type InstanceFlavor } from '../../shared/objects/instance.ts';
import { quotaKey, useChange, usageOf, type ProjectQuota } from '../../shared/objects/quota.ts';
import { call, cast } from '../../shared/rpc/send.ts';
import { novaApi } from '../../shared/rpc/topics/nova-api.ts';
import { novaCompute } from '../../shared/rpc/topics/nova-compute.ts';
import { novaScheduler } from '../../shared/rpc/topics/nova-scheduler.ts';
import { decompressed } from '../../shared/compression.ts';
import { table } from '../../shared/store/table.ts';
import { startRig } from '../service/rig.ts';
import { carried, result } from './invocation.ts';
import { cloudOfStandIns } from './stand-ins.ts';

type Handler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;
/**
 * What the gate does with a request: lets it through, refuses it, does it and loses the answer; or, as AWS may and the local
 * engines never do: throttles it, lets it collide with another, answers from an index that lags.
 */
export type Verdict = 'pass' | 'refuse' | 'lose' | 'throttle' | 'collide' | 'lag';
/** A request of the handler at work; `delivery` and `number` count up from 1. */
export interface Call { delivery: number; number: number; what: string; queue: QueueName | 'sweep'; ofIndex: boolean }
export interface Message { queue: QueueName; body: string; receives: number }

export const project = '0123456789abcdef0123456789abcdef';
export const flavor: InstanceFlavor = { flavorid: '1', name: 'm1.tiny', vcpus: 1, memory_mb: 512, root_gb: 1, ephemeral_gb: 0, swap: 0, rxtx_factor: 1, extra_specs: {} };
export const imageId = '11111111-2222-4333-8444-555555555555';
export const networkId = '22222222-2222-4333-8444-555555555555';

/** As the host's agent reads it. */
export const commandIn = ({ command }: Pick<CommandItem, 'command'>): Command => (command instanceof Uint8Array ? (decompressed(command) as Command) : command);

export async function startComputeRig({ hosts = ['host-1', 'host-2'] } = {}) {
  const rig = await startRig();
  const world = cloudOfStandIns({ project, imageId, networkId });
  const agents = new Map<string, Agent>();

  // the gate
  let atWork: QueueName | 'sweep' | undefined;
  let counted = 0;
  let deliveries = 0;
  let working = 0;
  let judge: (call: Call) => Verdict = () => 'pass';
  const calls: Call[] = [];
  const gates: Server[] = [];
  const gateBefore = async (target: string) => {
    const server = createServer((request, response) => void relay(request, response, target));
    gates.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  };
  async function relay(incoming: IncomingMessage, outgoing: ServerResponse, target: string) {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece as Buffer);
    const asked = carried({ url: incoming.url!, text: Buffer.concat(pieces).toString() });
    const { method, url } = asked ?? { method: incoming.method, url: incoming.url! };
    const operation = String(incoming.headers['x-amz-target'] ?? `${method} ${url.split('?')[0]!.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')}`);
    const outside = operation.includes('/identity/') || operation.endsWith('GetParameter');
    let verdict: Verdict = 'pass';
    if (atWork && !outside) {
      const each: Call = { delivery: deliveries, number: ++counted, what: operation, queue: atWork, ofIndex: operation.endsWith('.Query') && pieces.some((piece) => piece.includes('"IndexName"')) };
      calls.push(each);
      verdict = judge(each);
    }
    const refuse = () => (asked ? unavailable(outgoing) : closed(outgoing));
    if (verdict === 'refuse') return refuse();
    if (verdict === 'lag' && operation.endsWith('.Query')) return json(outgoing, 200, { Items: [], Count: 0, ScannedCount: 0 });
    if (verdict === 'throttle' && !asked) return json(outgoing, 400, { __type: 'com.amazonaws#ThrottlingException', message: 'Rate exceeded' });
    if (verdict === 'collide' && operation.endsWith('.TransactWriteItems')) {
      const { TransactItems } = JSON.parse(Buffer.concat(pieces).toString()) as { TransactItems: unknown[] };
      return json(outgoing, 400, {
        __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException', Message: 'Transaction cancelled',
        CancellationReasons: TransactItems.map((_, i) => ({ Code: i === 0 ? 'TransactionConflict' : 'None' })),
      });
    }
    if (verdict === 'collide' && /\.(UpdateItem|PutItem|DeleteItem)$/.test(operation)) return json(outgoing, 400, { __type: 'com.amazonaws.dynamodb.v20120810#TransactionConflictException', message: 'Transaction is ongoing for the item' });
    const forward = httpRequest(target + incoming.url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      if (verdict === 'lose') {
        answer.resume();
        return refuse();
      }
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    forward.on('error', () => outgoing.destroy());
    forward.end(Buffer.concat(pieces));
  }
  /** An error that the SDK does not try again: the handler fails at once, as if it were killed here. */
  const closed = (response: ServerResponse) => json(response, 400, { __type: 'com.amazonaws.gate#GateClosedException', message: 'closed by a test' });
  const unavailable = (response: ServerResponse) => response.writeHead(200).end(result(503, { fault: { code: 503, message: 'closed by a test' } }));
  const json = (response: ServerResponse, status: number, body: unknown) => response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));

  const ring = await gateBefore(rig.endpoint);
  const sqs = await gateBefore(rig.engines.sqs.endpoint);
  for (const queue of Object.keys(queues) as QueueName[]) process.env[environment.queue(queue)] = process.env[environment.queue(queue)]!.replace(rig.engines.sqs.endpoint, sqs);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: await gateBefore(rig.engines.dynamodb.endpoint), AWS_ENDPOINT_URL_SQS: sqs,
    AWS_ENDPOINT_URL_SSM: ring, AWS_ENDPOINT_URL_EVENTBRIDGE: ring, AWS_ENDPOINT_URL_LAMBDA: ring,
  });

  rig.standIns.push((request) => {
    if (request.path !== '/') return undefined;
    const target = String(request.headers['x-amz-target']);
    if (target.endsWith('PutEvents')) {
      world.events.push(...request.body.Entries.map((entry: any) => ({ type: entry.DetailType, ...JSON.parse(entry.Detail) })));
      return { status: 200, body: { FailedEntryCount: 0, Entries: [] } };
    }
    for (const id of request.body.InstanceIds as string[]) agents.get(id)?.rung();
    world.rings++;
    return { status: 200, body: { Command: { CommandId: randomUUID() } } };
  }, world.answer);

  const [scheduler, conductor, compute, reports, heartbeats, conductorSweep, computeSweep, manage] = await Promise.all([
    import('../../functions/nova-scheduler/rpc.ts'), import('../../functions/nova-conductor/rpc.ts'), import('../../functions/nova-compute/rpc.ts'),
    import('../../functions/nova-compute/reports.ts'), import('../../functions/nova-conductor/heartbeats.ts'),
    import('../../functions/nova-conductor/sweep.ts'), import('../../functions/nova-compute/sweep.ts'), import('../../functions/nova-compute/manage.ts'),
  ]);
  const handlers: Partial<Record<QueueName, Handler>> = {
    'nova-scheduler': scheduler.handler, 'nova-conductor': conductor.handler, 'nova-compute': compute.handler,
    'host-reports': reports.handler, 'host-heartbeats': heartbeats.handler,
  };
  const nova = table('nova');
  const journal = table('nova-compute');
  let beatenAt = Date.now();
  const waiting: Message[] = [];
  const dead: Message[] = [];
  const answers: any[] = [];

  class Agent {
    readonly host: string;
    readonly id = `mi-${randomUUID().slice(0, 17)}`;
    readonly keys = generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
    /** What it says to a command: done where not told otherwise; undefined says nothing. */
    behaviour: (command: Command) => Partial<CommandDone> | undefined = () => ({ outcome: 'done' });
    readonly guests = new Map<string, number>();
    readonly volumes = new Set<string>();
    readonly seen = new Map<string, CommandDone>();
    rings = 0;
    /** Whether its heartbeats keep coming. */
    alive = true;
    /** As an agent of this version does. */
    readsCompressed = true;
    constructor(host: string) {
      this.host = host;
    }
    rung() {
      this.rings++;
    }
    /** Does what waits for it, once each; a command that is still there is reported again. */
    async work(): Promise<boolean> {
      if (this.rings === 0) return false;
      this.rings = 0;
      const items = (await journal.query<CommandItem & Record<string, unknown>>({ pk: hostPartition(this.host), prefix: COMMAND_PREFIX }));
      for (const command of items.map(commandIn)) {
        const report = this.seen.get(command.id) ?? this.do(command);
        if (!report) continue;
        this.seen.set(command.id, report);
        this.say('host-reports', 'command_done', report);
      }
      return items.length > 0;
    }
    do(command: Command): CommandDone | undefined {
      const said = this.behaviour(command);
      if (!said) return undefined;
      const outcome = said.outcome ?? 'done';
      if (outcome === 'done') {
        if (command.kind === 'spawn') this.guests.set(command.subject, command.attempt);
        if (command.kind === 'destroy') this.guests.delete(command.subject);
        if (command.kind === 'create_volume') this.volumes.add(command.subject);
        if (command.kind === 'delete_volume') this.volumes.delete(command.subject);
      }
      const at = new Date().toISOString();
      return { command_id: command.id, kind: command.kind, subject: command.subject, attempt: command.attempt, outcome, started_at: at, finished_at: at, ...(this.readsCompressed && { reads_compressed: true }), ...said };
    }
    say(queue: QueueName, method: any, args: any, key = this.keys.privateKey) {
      waiting.push({ queue, receives: 0, body: JSON.stringify(signReport({ version: 1, id: randomUUID(), host: this.host, method, args }, key)) });
    }
    beat(more: Partial<Heartbeat> = {}) {
      this.say('host-heartbeats', 'heartbeat', {
        sent_at: new Date().toISOString(), agent_version: '1', driver: 'fake', hypervisor_type: 'fake', hypervisor_version: 1000, host_ip: '127.0.0.1', architecture: 'x86_64',
        supported_instances: [['x86_64', 'fake', 'hvm']], cpu_info: {}, vcpus: 8, memory_mb: 16384, local_gb: 100, traits: [], guests: [...this.guests.keys()],
        volume_pool: { total_gb: 100, free_gb: 100 }, console_url: 'http://127.0.0.1:6080', ...more,
      } satisfies Heartbeat);
    }
  }

  /** Hands one message to its consumer, as Lambda would; false where it failed. */
  async function deliver({ queue, body, receives }: Message): Promise<boolean> {
    const handler = handlers[queue];
    if (!handler) {
      answers.push(JSON.parse(body));
      return true;
    }
    atWork = queue;
    working++;
    deliveries++;
    try {
      const record = { messageId: '1', receiptHandle: 'none', body, attributes: { ApproximateReceiveCount: String(receives) } };
      const { batchItemFailures } = await handler({ Records: [record] } as unknown as SQSEvent, {} as Context);
      return batchItemFailures.length === 0;
    } catch {
      return false;
    } finally {
      if (--working === 0) atWork = undefined;
    }
  }

  const watched: QueueName[] = ['nova-api', 'nova-scheduler', 'nova-conductor', 'nova-compute', 'cinder-volume'];
  async function collect(): Promise<void> {
    for (const queue of watched) {
      for (;;) {
        const QueueUrl = process.env[environment.queue(queue)]!;
        const { Messages = [] } = await awsJson<{ Messages?: { Body: string; ReceiptHandle: string }[] }>(rig.engines.sqs.endpoint, 'AmazonSQS', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 });
        if (Messages.length === 0) break;
        for (const { Body, ReceiptHandle } of Messages) {
          waiting.push({ queue, body: Body, receives: 0 });
          await awsJson(rig.engines.sqs.endpoint, 'AmazonSQS', 'DeleteMessage', { QueueUrl, ReceiptHandle });
        }
      }
    }
  }
  async function delayed(): Promise<number> {
    const counts = await Promise.all(watched.map(async (queue) => {
      const { Attributes } = await awsJson<{ Attributes: Record<string, string> }>(rig.engines.sqs.endpoint, 'AmazonSQS', 'GetQueueAttributes', { QueueUrl: process.env[environment.queue(queue)]!, AttributeNames: ['All'] });
      return Number(Attributes['ApproximateNumberOfMessagesDelayed'] ?? 0) + Number(Attributes['ApproximateNumberOfMessages'] ?? 0);
    }));
    return counts.reduce((a, b) => a + b, 0);
  }

  interface PumpOptions {
    /** Each message is delivered so often. */
    times?: number;
    /** Which of the waiting messages is next. */
    pick?: (messages: Message[]) => number;
    /** Called before a message is delivered; false throws it away. */
    see?: (message: Message) => boolean | void;
    /** So many are delivered side by side, each as a batch of its own. */
    atOnce?: number;
    /** Stops here, whatever still waits. */
    until?: () => boolean;
  }
  /** Delivers until nothing is left, agents included. A message that fails comes again, and is dead after the last receive. */
  async function pump({ times = 1, pick = () => 0, see, atOnce = 1, until = () => false }: PumpOptions = {}): Promise<void> {
    for (;;) {
      if (until()) return;
      await collect();
      let agentsWorked = false;
      for (const agent of agents.values()) agentsWorked = (await agent.work()) || agentsWorked;
      if (waiting.length === 0) {
        if (agentsWorked) continue;
        if ((await delayed()) === 0) return;
        await new Promise((done) => setTimeout(done, 200));
        continue;
      }
      const batch = Array.from({ length: Math.min(atOnce, waiting.length) }, () => waiting.splice(pick(waiting), 1)[0]!);
      await Promise.all(batch.map((message) => see?.(message) !== false && receive(message, times)));
    }
  }

  async function receive(message: Message, times: number): Promise<void> {
    message.receives++;
    let done = false;
    for (let i = 0; i < times; i++) done = await deliver(message);
    if (done) return;
    if (message.receives >= queues[message.queue].maxReceives) dead.push(message);
    else waiting.push(message);
  }

  for (const host of hosts) {
    const agent = new Agent(host);
    agents.set(agent.id, agent);
    await manage.handler({ command: 'enrol', host, instanceId: agent.id, publicKey: agent.keys.publicKey, consoleUrl: 'http://127.0.0.1:6080' });
  }
  await pump();
  for (const agent of agents.values()) agent.beat();
  await pump();
  world.forget();

  const contextOf = (requestId: string): RequestContext => ({
    request_id: requestId, user_id: 'user-1', user_name: 'demo', user_domain_id: 'default', project_id: project, roles: ['member', 'reader'], service_roles: [],
    token: `${project}:member,reader:user-1`, token_expires_at: new Date(Date.now() + 3_600_000).toISOString(),
  });

  return {
    rig, world, nova, journal, dead, answers, calls, waiting, pump, manage: manage.handler,
    agentOf: (host: string) => [...agents.values()].find((agent) => agent.host === host)!,
    agents: [...agents.values()],
    /** Judges each request of the handlers from here on. */
    gate(verdict?: (call: Call) => Verdict) {
      judge = verdict ?? (() => 'pass');
      calls.length = counted = deliveries = 0;
    },
    async sweep(which: 'nova-conductor' | 'nova-compute') {
      atWork = 'sweep';
      deliveries++;
      try {
        await (which === 'nova-compute' ? computeSweep : conductorSweep).handler();
      } finally {
        atWork = undefined;
      }
    },
    /** As if so much time had passed for everything in flight. */
    async passTime(seconds: number) {
      for (const [store, shards] of [[journal, 4], [nova, 8]] as const) {
        const partitions = (store === journal ? ['DUE'] : ['INSTANCE', 'QUOTA']).flatMap((name) => Array.from({ length: shards }, (_, shard) => `${name}#${shard}`));
        for (const item of await store.due<any>(partitions, 1000, '~')) {
          const earlier = (iso: string) => new Date(Date.parse(iso) - seconds * 1000).toISOString();
          const moved = Object.fromEntries(['due_at', 'not_after', 'lease_until', 'started_at', 'reserved_at'].filter((name) => item[name]).map((name) => [name, earlier(item[name])]));
          await store.update(item, { set: moved });
        }
      }
    },
    /** What nova-api does in steps 7 and 8. */
    async launch(more: Partial<Instance> = {}): Promise<Instance> {
      if (Date.now() - beatenAt > 10_000) await Promise.all([...agents.values()].filter(({ alive }) => alive).map(({ host }) => nova.update(computeNodeKey(host), { set: { last_seen_up: new Date().toISOString() } })));
      if (Date.now() - beatenAt > 10_000) beatenAt = Date.now();
      const uuid = randomUUID();
      const request_id = `req-${randomUUID()}`;
      const instance: Instance = {
        ...instanceKey(project, uuid), uuid, project_id: project, user_id: 'user-1', display_name: 'vm', display_description: null, hostname: 'vm', reservation_id: 'r-1', launch_index: 0,
        created_at: now(), updated_at: now(), launched_at: null, terminated_at: null, vm_state: 'building', task_state: 'scheduling', power_state: 0, host: null, node: null,
        availability_zone: null, sequence: 0, attempt: 0, flavor, image_ref: imageId, image_properties: {}, key_name: null, key_data: null, user_data: null, config_drive: false, metadata: {},
        tags: [], security_groups: ['default'], requested_networks: [{ network_id: networkId }], block_devices: [rootDisk], interfaces: [], scheduler_hints: {},
        access_ip_v4: null, access_ip_v6: null, disk_config: 'MANUAL', locked: false, locked_reason: null, create_request_id: request_id,
        ...dueInstance(uuid, new Date(Date.now() + SCHEDULING_SECONDS * 1000)), ...allServersIndex(uuid, now()), ...more,
      };
      const action: InstanceAction = { ...actionKey(uuid, request_id), instance_uuid: uuid, project_id: project, user_id: 'user-1', request_id, action: 'create', start_time: new Date().toISOString(), updated_at: now(), message: null, events: {}, steps: {} };
      await nova.transact([{ put: instance }, { put: action }]);
      await nova.update(quotaKey(project), { add: useChange(usageOf(flavor), 'user-1') });
      await call(novaScheduler.methods.select_destinations, { instance_uuid: uuid, project_id: project }, { context: contextOf(request_id), replyTo: novaApi.replies.destinations_selected, passback: { instance_uuid: uuid, project_id: project } });
      return instance;
    },
    /** What nova-api does for a deletion. */
    async delete(uuid: string): Promise<void> {
      const request_id = `req-${randomUUID()}`;
      const action: InstanceAction = { ...actionKey(uuid, request_id), instance_uuid: uuid, project_id: project, user_id: 'user-1', request_id, action: 'delete', start_time: new Date().toISOString(), updated_at: now(), message: null, events: {}, steps: {} };
      await nova.put(action);
      const { host, sequence, interfaces, block_devices } = await nova.update<Instance>(instanceKey(project, uuid), { set: { task_state: 'deleting', task_request_id: request_id, ...dueInstance(uuid, new Date(Date.now() + 60_000)) }, add: { sequence: 1 } });
      await cast(novaCompute.methods.terminate_instance, { instance_uuid: uuid, project_id: project, host, sequence, request_id, interfaces, block_devices }, { context: contextOf(request_id) });
    },
    async act(uuid: string, action: string, args: Record<string, unknown> = {}, task_state: string | null = null): Promise<string> {
      const request_id = `req-${randomUUID()}`;
      const record: InstanceAction = { ...actionKey(uuid, request_id), instance_uuid: uuid, project_id: project, user_id: 'user-1', request_id, action, start_time: new Date().toISOString(), updated_at: now(), message: null, events: {}, steps: {} };
      await nova.put(record);
      const { host, sequence } = await nova.update<Instance>(instanceKey(project, uuid), { set: { task_state, task_request_id: request_id, ...dueInstance(uuid, new Date(Date.now() + 60_000)) }, add: { sequence: 1 } });
      await cast(novaCompute.methods.instance_action, { instance_uuid: uuid, project_id: project, host: host!, action, args, sequence, request_id }, { context: contextOf(request_id) });
      return request_id;
    },
    async volumeReady(uuid: string, volume_id: string) {
      await cast(novaCompute.methods.volume_ready, { instance_uuid: uuid, project_id: project, volume_id, status: 'available' }, { context: contextOf(`req-${randomUUID()}`) });
    },
    /** Also one that is gone and still remembered. */
    instance: async (uuid: string): Promise<Instance | undefined> => (await nova.getMany<Instance>([instanceKey(project, uuid), deletedKey(project, uuid)]))[0],
    action: (uuid: string, requestId: string) => nova.get<InstanceAction>(actionKey(uuid, requestId)),
    node: (host: string) => nova.get<ComputeNode>(computeNodeKey(host)),
    quota: () => nova.get<ProjectQuota>(quotaKey(project)),
    async stop() {
      for (const gate of gates) {
        gate.close();
        gate.closeAllConnections();
      }
      await rig.stop();
    },
  };
}
export type ComputeRig = Awaited<ReturnType<typeof startComputeRig>>;

export const rootDisk: BlockDevice = { boot_index: 0, source_type: 'image', destination_type: 'local', image_id: imageId, delete_on_termination: true, device_name: '/dev/vda', device_type: 'disk', volume_size: 1 };
