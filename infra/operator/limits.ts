/** The account's limits that bind a deployment, and in words what they mean. */
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { paginateListServiceQuotas, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { concurrencyOf, leastAccountLimit, USUAL_ACCOUNT_LIMIT } from '../../shared/deployment/concurrency.ts';
import type { QueueName } from '../../shared/deployment/declaration.ts';
import type { Target } from './target.ts';

export interface Limits {
  /** Executions of functions at once, in this account and region; undefined where it may not be read. */
  executions: number | undefined;
  /** Of these, what is set aside for certain functions, of whomever. */
  reserved: number;
  /** API Gateway's requests a second for all REST APIs of the account and region. */
  apiRate: number | undefined;
}

/** Their names in Service Quotas. */
const quotas = { executions: 'L-B99A9384', apiRate: 'L-8A5B8E43' };
/** API Gateway's limit where Service Quotas cannot be asked. */
const USUAL_API_RATE = 10_000;

export async function readLimits({ settings }: Target): Promise<Limits> {
  const [lambda, api] = await Promise.all([
    new LambdaClient(settings).send(new GetAccountSettingsCommand({})).catch(unreadable),
    quotaOf(new ServiceQuotasClient({ ...settings, maxAttempts: 2 }), 'apigateway', quotas.apiRate).catch(unreadable),
  ]);
  const { ConcurrentExecutions: executions, UnreservedConcurrentExecutions: free = executions } = lambda?.AccountLimit ?? {};
  return { executions, reserved: (executions ?? 0) - (free ?? 0), apiRate: api };
}

const unreadable = (): undefined => undefined;

async function quotaOf(client: ServiceQuotasClient, ServiceCode: string, code: string): Promise<number | undefined> {
  for await (const { Quotas = [] } of paginateListServiceQuotas({ client }, { ServiceCode }, { abortSignal: AbortSignal.timeout(10_000) })) {
    const found = Quotas.find(({ QuotaCode }) => QuotaCode === code);
    if (found) return found.Value;
  }
  return undefined;
}

/**
 * Seconds of execution that a launch takes of each queue's consumer, with what it waits for from others' REST APIs; and of all functions.
 * On warm functions about one second is measured in all; taken more than double for colder and slower ones.
 */
const launchSeconds = {
  consumers: { 'nova-scheduler': 0.1, 'nova-compute': 0.8, 'nova-conductor': 0.25, 'nova-api': 0.1, 'host-reports': 0.2 } satisfies Partial<Record<QueueName, number>>,
  all: 2.5,
};
/** Requests to the REST API for one launch: the client's login, request and looks. */
const LAUNCH_REQUESTS = 12;

/** Units that a launch writes to nova's table, which has most of them; and what a new table takes in a second. It grows by itself with use. */
const LAUNCH_WRITES = 110;
const NEW_TABLE_WRITES = 4_000;

export interface Capacity {
  /** Launches a minute, at most. */
  perMinute: number;
  /** What is reached first. */
  binds: string;
}

/** What the limits allow; an estimate, meant to be right within a factor of two. */
export function capacityOf({ executions = USUAL_ACCOUNT_LIMIT, reserved, apiRate = USUAL_API_RATE }: Limits): Capacity {
  const maximum = concurrencyOf(executions);
  const bounds = [
    ...Object.entries(launchSeconds.consumers).map(([name, seconds]) => ({ perSecond: maximum[name as QueueName] / seconds, binds: `the ${maximum[name as QueueName]} executions of ${name}` })),
    { perSecond: Math.max(1, executions - reserved) / launchSeconds.all, binds: `the account's ${executions} concurrent executions of Lambda` },
    { perSecond: NEW_TABLE_WRITES / LAUNCH_WRITES, binds: `DynamoDB's ${NEW_TABLE_WRITES} writes a second to a new table, which doubles with use` },
    { perSecond: apiRate / LAUNCH_REQUESTS, binds: `API Gateway's ${apiRate} requests a second` },
  ];
  const { perSecond, binds } = bounds.reduce((least, each) => (each.perSecond < least.perSecond ? each : least));
  return { perMinute: rounded(perSecond * 60), binds };
}

/** Two digits: it is an estimate. */
const rounded = (value: number) => Number(value.toPrecision(2));

/** The limits, what binds, and what an operator may do about it; a line each. */
export function explainLimits(limits: Limits, region: string): string[] {
  const { executions, reserved, apiRate } = limits;
  const { perMinute, binds } = capacityOf(limits);
  const queues = Object.values(concurrencyOf(executions ?? USUAL_ACCOUNT_LIMIT)).reduce((sum, each) => sum + each, 0);
  const more = `aws service-quotas request-service-quota-increase --region ${region} --service-code lambda --quota-code ${quotas.executions} --desired-value ${USUAL_ACCOUNT_LIMIT}`;
  return [
    executions === undefined
      ? `concurrent executions   could not be read (lambda:GetAccountSettings); taken for ${USUAL_ACCOUNT_LIMIT}`
      : `concurrent executions   ${executions}${reserved > 0 ? `, ${reserved} of them set aside for certain functions` : ''}; the queues' consumers take ${queues} at most`,
    `API requests a second   ${apiRate ?? `could not be read (servicequotas:ListServiceQuotas); taken for ${USUAL_API_RATE}`}`,
    `what binds              ${binds}: about ${perMinute} launches a minute; more than that wait in queues, none are lost`,
    ...(executions !== undefined && executions < leastAccountLimit
      ? [`note                    below ${leastAccountLimit} executions the queues and the clients take them from each other, and clients see 503 (they try again). More are free of charge:`, `                        ${more}`]
      : executions !== undefined && executions < USUAL_ACCOUNT_LIMIT ? [`note                    AWS gives ${USUAL_ACCOUNT_LIMIT} to who asks, free of charge: ${more}`] : []),
  ];
}
