/**
 * What a function says about itself, beside its code: where it starts, what wakes it, and what it may touch.
 * infra/ turns these declarations into the template (and so into IAM grants and environment variables).
 */

/** One DynamoDB table per service; no service reads another's. */
export const tableNames = ['keystone', 'nova', 'nova-compute', 'glance', 'neutron', 'cinder'] as const;
export type TableName = (typeof tableNames)[number];

export const bucketNames = ['images', 'consoles'] as const;
export type BucketName = (typeof bucketNames)[number];

/** Functions that others ask by REST, each for the routes that it has. */
export const askedFunctions = ['keystone-login', 'keystone-validate', 'keystone', 'nova-api', 'glance-api', 'neutron-server', 'cinder-api'] as const;
export type AskedFunction = (typeof askedFunctions)[number];

export type QueueName = keyof typeof queues;
export interface QueueSettings {
  /** Seconds; must exceed the consumer's timeout. */
  visibility: number;
  /** Receives before the message goes to the dead-letter queue. */
  maxReceives: number;
  /** Concurrent executions that its consumer can make use of; a small account gives it fewer (concurrency.ts). */
  maxConcurrency: number;
  batchSize: number;
}
const rpcQueue: QueueSettings = { visibility: 90, maxReceives: 4, maxConcurrency: 20, batchSize: 10 };
export const queues = {
  'nova-api': rpcQueue,
  'nova-scheduler': { ...rpcQueue, maxConcurrency: 4 },
  'nova-conductor': { ...rpcQueue, maxConcurrency: 40 },
  'nova-compute': { ...rpcQueue, maxConcurrency: 40 },
  'host-reports': { ...rpcQueue, maxConcurrency: 20 },
  'host-heartbeats': { ...rpcQueue, maxConcurrency: 4 },
  'glance-api': { visibility: 960, maxReceives: 4, maxConcurrency: 4, batchSize: 1 },
  'neutron-server': { ...rpcQueue, maxConcurrency: 4 },
  'cinder-volume': { ...rpcQueue, maxConcurrency: 10 },
  'nova-launch': { visibility: 120, maxReceives: 9, maxConcurrency: 10, batchSize: 5 },
} satisfies Record<string, QueueSettings>;

export type Grant =
  | { table: TableName; actions: `dynamodb:${string}`[] }
  | { send: QueueName }
  | { invoke: AskedFunction }
  | { bucket: BucketName; actions: `s3:${string}`[]; prefix?: string }
  | { ringHosts: true } // ssm:SendCommand with the agent's document
  | { parameter: `service-token/${string}` | 'service-token/*'; actions: `ssm:${string}`[] }
  | { secret: 'launch/*'; actions: `secretsmanager:${string}`[] }
  | { publishEvents: true };

/** A grant with fewer actions, for a function that does less than its service's others. */
export const without = <G extends { actions: string[] }>(grant: G, ...actions: G['actions'][number][]): G => ({ ...grant, actions: grant.actions.filter((action) => !actions.includes(action)) });

export interface FunctionDeclaration {
  /** Unique; OpenStack's name for the process where there is one. */
  name: string;
  /** The Lambda entry file, from the project's root; it exports `handler`. */
  entry: string;
  /** MB */
  memory?: number;
  /** Seconds */
  timeout?: number;
  /** REST routes, as `METHOD /path`; `ANY` and a closing `{proxy+}` as in API Gateway. */
  routes?: `${'ANY' | 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`[];
  /** The queue that it consumes. */
  queue?: QueueName;
  /** Woken by the sweeper's rule (once a minute). */
  swept?: true;
  uses: Grant[];
  /** What an operator may choose for it at a deployment. */
  settings?: Setting[];
}

/** Each is a parameter of the template, and an environment variable of the functions that name it. */
export type Setting = 'importAllowedHosts';

const variable = (prefix: string, name: string) => `${prefix}_${name.replaceAll('-', '_').toUpperCase()}`;

/** Names of the environment variables through which a function finds its resources. */
export const environment = {
  table: (name: TableName) => variable('TABLE', name),
  queue: (name: QueueName) => variable('QUEUE', name), // the queue's URL
  function: (name: AskedFunction) => variable('FUNCTION', name), // the function's name
  bucket: (name: BucketName) => variable('BUCKET', name),
  /** Public base URL of the REST API without a trailing slash; `/identity/v3`, `/compute/v2.1`, … follow it. */
  endpoint: 'NOVALESS_ENDPOINT',
  region: 'NOVALESS_REGION', // OpenStack's region name, not AWS's
  bus: 'EVENT_BUS',
  agentDocument: 'AGENT_DOCUMENT',
  /** Path under which SSM parameters of this deployment stand, e.g. `/novaless`. */
  parameterPath: 'PARAMETER_PATH',
  /** Path under which this deployment looks for secrets, e.g. `novaless`. */
  secretPath: 'SECRET_PATH',
  setting: (name: Setting) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
} as const;

/**
 * The shape of every table: `pk` and `sk` (strings); `expires_at` (TTL, epoch seconds); and three sparse indexes:
 * `by-due` finds work in flight past its deadline (sweeper), and holds keys only; `gsi1` and `gsi2` are the service's own, with all attributes.
 */
export const tableSchema = {
  partitionKey: 'pk',
  sortKey: 'sk',
  ttl: 'expires_at',
  indexes: [
    { name: 'by-due', partitionKey: 'due_pk', sortKey: 'due_at', projection: 'KEYS_ONLY' }, // both strings; due_at in ISO 8601
    { name: 'gsi1', partitionKey: 'gsi1pk', sortKey: 'gsi1sk', projection: 'ALL' },
    { name: 'gsi2', partitionKey: 'gsi2pk', sortKey: 'gsi2sk', projection: 'ALL' },
  ],
} as const;
