/**
 * What each function of a whole cloud really asks of AWS, as IAM would see it: `nova-api: dynamodb:Query on table nova`. A function gives
 * itself away by its access key, which is its name here; a proxy before each engine reads it in the signature of every call.
 */
import type { IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { functions } from '../../infra/functions.ts';
import type { Template } from '../../local/template.ts';
import { askedFunctions, bucketNames, environment, queues, tableNames, type FunctionDeclaration, type Grant } from '../../shared/deployment/declaration.ts';
import { engineProxy } from './engine-proxy.ts';

/** The folder that a whole run of the tests collects its clouds' records in; undefined where nobody asked for them. */
export const recordFolder = (): string | undefined => process.env['NOVALESS_GRANTS'];

/** One cloud's record. `wire` and `changeTemplate` are for startCloud. */
export function recordGrants() {
  /** FUNCTION, action and resource, as AWS calls them, with spaces between. */
  const calls = new Set<string>();
  const callers = new Set<string>();
  const stops: (() => void)[] = [];
  return {
    changeTemplate({ Resources }: Template) {
      for (const { Type, Properties } of Object.values(Resources)) {
        if (Type !== 'AWS::Lambda::Function') continue;
        const { Variables } = Properties!['Environment'] as { Variables: Record<string, string> };
        const name = (Properties!['FunctionName'] as string).replace(/^Novaless-/, '');
        Variables['AWS_ACCESS_KEY_ID'] = name;
        callers.add(name);
      }
    },
    async wire(service: string, endpoint: string): Promise<string> {
      const proxy = await engineProxy(endpoint, {
        asked(incoming, body) {
          const [, caller = ''] = /Credential=([^/]+)\//.exec(incoming.headers.authorization ?? '') ?? [];
          for (const call of service === 's3' ? s3Call(incoming) : service === 'lambda' ? lambdaCall(incoming) : jsonCalls(incoming, body!)) calls.add(`${caller} ${call}`);
        },
      });
      stops.push(proxy.stop);
      return proxy.endpoint;
    },
    /** What functions did until now. */
    used: (environmentOf: (name: string) => Record<string, string>) => [...calls].flatMap((call) => {
      const [caller, action, resource] = call.split(' ') as [string, string, string];
      if (!callers.has(caller)) return []; // an agent, a test, or what stands for Lambda itself
      return `${caller}: ${action} on ${nameOf(action.split(':')[0]!, resource, environmentOf(caller))}`;
    }),
    stop() {
      for (const stop of stops.splice(0)) stop();
    },
  };
}

/** Adds what a cloud's functions did to the records in a folder. */
export function keepRecord(folder: string, used: string[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify(used));
}

/** What all the clouds of a run used, each once. */
export const recorded = (folder: string): Set<string> =>
  new Set(globSync('*.json', { cwd: folder }).flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as string[]));

/** What a function is granted, in the same words. The rights to its log and to take from its own queue are not among it: Lambda uses those. */
export function granted({ name, uses }: FunctionDeclaration): string[] {
  return [...new Set(uses.flatMap(declared).map((each) => `${name}: ${each}`))];
}

/** Of what functions did, that to which they have no right: AWS would refuse it. */
export function refusedOnAws(used: Iterable<string>): string[] {
  const rights = new Set(functions.flatMap((declaration) => [...granted(declaration), ...(declaration.queue ? [`${declaration.name}: sqs:ChangeMessageVisibility on queue ${declaration.queue}`] : [])]));
  return [...used].filter((each) => !rights.has(each) && !rights.has(anyToken(each))).sort();
}

/** Rights of functions that none of them used. */
export function unusedRights(used: Set<string>): string[] {
  const exercised = new Set([...used].flatMap((each) => [each, anyToken(each)]));
  return functions.flatMap(granted).filter((each) => !exercised.has(each)).sort();
}

const anyToken = (call: string) => call.replace(/ on parameter service-token\/.*$/, ' on parameter service-token/*');

function declared(grant: Grant): string[] {
  if ('table' in grant) return grant.actions.map((action) => `${action} on table ${grant.table}`);
  if ('send' in grant) return [`sqs:SendMessage on queue ${grant.send}`];
  if ('invoke' in grant) return [`lambda:InvokeFunction on function ${grant.invoke}`];
  if ('bucket' in grant) return grant.actions.map((action) => `${action} on bucket ${grant.bucket}`);
  if ('parameter' in grant) return grant.actions.map((action) => `${action} on parameter ${grant.parameter}`);
  if ('secret' in grant) return grant.actions.map((action) => `${action} on secret ${grant.secret}`);
  if ('ringHosts' in grant) return ['ssm:SendCommand on document'];
  return ['events:PutEvents on bus'];
}

/** The declaration's name of what AWS knows by another, which is in the function's environment; AWS's own where it is not there. */
function nameOf(service: string, resource: string, variables: Record<string, string>): string {
  const under = (path: string | undefined, kind: string, star: string) => (path && resource.startsWith(`${path}/`) ? `${kind} ${resource.slice(path.length + 1).replace(/^launch\/.*/, star)}` : resource);
  if (service === 'dynamodb') return found('table', tableNames, (name) => variables[environment.table(name)] === resource) ?? resource;
  if (service === 'sqs') return found('queue', Object.keys(queues) as (keyof typeof queues)[], (name) => variables[environment.queue(name)] === resource) ?? resource;
  if (service === 'lambda') return found('function', askedFunctions, (name) => variables[environment.function(name)] === resource) ?? resource;
  if (service === 's3') return found('bucket', bucketNames, (name) => variables[environment.bucket(name)] === resource) ?? resource;
  if (service === 'secretsmanager') return under(variables[environment.secretPath], 'secret', 'launch/*');
  if (service === 'ssm') return resource === variables[environment.agentDocument] ? 'document' : under(variables[environment.parameterPath], 'parameter', '');
  return resource === variables[environment.bus] ? 'bus' : resource;
}

function found<T extends string>(kind: string, names: readonly T[], is: (name: T) => boolean): string | undefined {
  const name = names.find(is);
  return name && `${kind} ${name}`;
}

/** The action and resource of each part of a call in one of AWS's JSON protocols. */
function jsonCalls({ headers }: IncomingMessage, text: Buffer): string[] {
  const [target = '', operation = ''] = String(headers['x-amz-target']).split('.');
  const body = JSON.parse(text.toString() || '{}') as Record<string, any>;
  if (target.startsWith('DynamoDB')) return dynamodbCalls(operation, body);
  if (target === 'AmazonSQS') return [`sqs:${operation.replace(/Batch$/, '')} ${body['QueueUrl']}`];
  if (target === 'AWSEvents') return (body['Entries'] as { EventBusName: string }[]).map(({ EventBusName }) => `events:${operation} ${EventBusName}`);
  if (target === 'AmazonSSM') return [`ssm:${operation} ${body['DocumentName'] ?? body['Name']}`];
  return [`${target}:${operation} ${body['SecretId']}`];
}

/** A transaction needs the rights of its items. */
function dynamodbCalls(operation: string, body: Record<string, any>): string[] {
  const items = (body['TransactItems'] ?? []) as Record<string, { TableName: string }>[];
  const named: Record<string, string> = { Get: 'GetItem', Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem', ConditionCheck: 'ConditionCheckItem' };
  if (items.length > 0) return items.flatMap((item) => Object.entries(item).map(([kind, { TableName }]) => `dynamodb:${named[kind]} ${TableName}`));
  if (body['RequestItems']) return Object.keys(body['RequestItems']).map((table) => `dynamodb:${operation} ${table}`);
  return [`dynamodb:${operation} ${body['TableName']}`];
}

const lambdaCall = ({ url }: IncomingMessage) => [`lambda:InvokeFunction ${url!.split('/').at(-2)}`];

function s3Call({ method, url, headers }: IncomingMessage): string[] {
  const { pathname, searchParams: query } = new URL(url!, 'http://s3');
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/.exec(pathname)!;
  const on = (action: string) => [`s3:${action} ${bucket}`];
  if (key === '') return on(query.has('delete') ? 'DeleteObject' : query.has('uploads') ? 'ListBucketMultipartUploads' : 'ListBucket');
  if (method === 'GET' || method === 'HEAD') return on('GetObject');
  if (method === 'DELETE') return on(query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject');
  return [...on('PutObject'), ...(headers['x-amz-copy-source'] ? on('GetObject') : [])];
}
