import { ArnFormat, type Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { type BucketName, environment, type FunctionDeclaration, type Grant, type QueueName, type TableName, tableSchema } from '../shared/deployment/declaration.ts';
import { documents, functionName } from './names.ts';
import type { DeploymentParameters } from './parameters.ts';

/** What a declaration can name. */
export interface Resources {
  parameters: DeploymentParameters;
  endpoint: string;
  tables: Record<TableName, Table>;
  buckets: Record<BucketName, Bucket>;
  queues: Record<QueueName, Queue>;
  bus: EventBus;
}

/** The variables through which a function finds what it uses; it gets no others. */
export function functionEnvironment(stack: Stack, { uses, queue, settings = [] }: FunctionDeclaration, resources: Resources): Record<string, string> {
  const variables: Record<string, string> = {
    [environment.endpoint]: resources.endpoint,
    [environment.region]: resources.parameters.region.valueAsString,
  };
  if (queue) variables[environment.queue(queue)] = resources.queues[queue].queueUrl; // to set a message's visibility
  for (const grant of uses) {
    if ('table' in grant) variables[environment.table(grant.table)] = resources.tables[grant.table].tableName;
    else if ('send' in grant) variables[environment.queue(grant.send)] = resources.queues[grant.send].queueUrl;
    else if ('invoke' in grant) variables[environment.function(grant.invoke)] = functionName(stack, grant.invoke);
    else if ('bucket' in grant) variables[environment.bucket(grant.bucket)] = resources.buckets[grant.bucket].bucketName;
    else if ('ringHosts' in grant) variables[environment.agentDocument] = documents.ring;
    else if ('parameter' in grant) variables[environment.parameterPath] = resources.parameters.parameterPath.valueAsString;
    else if ('secret' in grant) variables[environment.secretPath] = resources.parameters.secretPath.valueAsString;
    else variables[environment.bus] = resources.bus.eventBusName;
  }
  for (const setting of settings) variables[environment.setting(setting)] = resources.parameters[setting].valueAsString;
  return variables;
}

/** Exactly what the declaration grants, its own log group, and its own queue. */
export function functionPolicy(stack: Stack, { uses, queue }: FunctionDeclaration, resources: Resources, logs: LogGroup): PolicyDocument {
  const statements = [allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logs.logGroupArn])];
  if (queue) {
    const consumption = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'];
    statements.push(allow(consumption, [resources.queues[queue].queueArn]));
  }
  return new PolicyDocument({ statements: [...statements, ...uses.flatMap((grant) => grantStatements(stack, grant, resources))] });
}

function grantStatements(stack: Stack, grant: Grant, resources: Resources): PolicyStatement[] {
  if ('table' in grant) return tableStatements(resources.tables[grant.table].tableArn, grant.actions);
  if ('send' in grant) return [allow(['sqs:SendMessage'], [resources.queues[grant.send].queueArn])];
  if ('invoke' in grant) return [allow(['lambda:InvokeFunction'], [functionArn(stack, grant.invoke)])];
  if ('bucket' in grant) return bucketStatements(resources.buckets[grant.bucket].bucketArn, grant.actions, grant.prefix);
  if ('parameter' in grant) return [allow(grant.actions, [parameterArn(stack, resources, grant.parameter)])];
  if ('secret' in grant) return [allow(grant.actions, [secretArn(stack, resources, grant.secret)])];
  if ('ringHosts' in grant) return [allow(['ssm:SendCommand'], [documentArn(stack), ...hostArns(stack)])];
  return [allow(['events:PutEvents'], [resources.bus.eventBusArn])];
}

const readsIndexes = new Set(['dynamodb:Query', 'dynamodb:Scan']);

/** Transactions need the actions of their items and no right of their own. */
function tableStatements(table: string, actions: string[]): PolicyStatement[] {
  const onItems = actions.filter((action) => !readsIndexes.has(action));
  const onIndexes = actions.filter((action) => readsIndexes.has(action));
  return [
    ...(onItems.length > 0 ? [allow(onItems, [table])] : []),
    ...(onIndexes.length > 0 ? [allow(onIndexes, [table, ...tableSchema.indexes.map(({ name }) => `${table}/index/${name}`)])] : []),
  ];
}

function bucketStatements(bucket: string, actions: string[], prefix = ''): PolicyStatement[] {
  const ofBucket = new Set(['s3:ListBucket', 's3:ListBucketMultipartUploads', 's3:GetBucketLocation']);
  const onObjects = actions.filter((action) => !ofBucket.has(action));
  const onBucket = actions.filter((action) => ofBucket.has(action));
  return [
    ...(onObjects.length > 0 ? [allow(onObjects, [`${bucket}/${prefix}*`])] : []),
    ...(onBucket.length > 0 ? [allow(onBucket, [bucket])] : []),
  ];
}

/** By its name: two that ask each other could not both refer to the other. */
const functionArn = (stack: Stack, name: string) =>
  stack.formatArn({ service: 'lambda', resource: 'function', resourceName: functionName(stack, name), arnFormat: ArnFormat.COLON_RESOURCE_NAME });

const parameterArn = (stack: Stack, { parameters }: Resources, name: string) =>
  // The path begins with a slash, which is also what separates an ARN's type from its name.
  `${stack.formatArn({ service: 'ssm', resource: 'parameter', arnFormat: ArnFormat.NO_RESOURCE_NAME })}${parameters.parameterPath.valueAsString}/${name}`;

const secretArn = (stack: Stack, { parameters }: Resources, name: string) =>
  stack.formatArn({ service: 'secretsmanager', resource: 'secret', resourceName: `${parameters.secretPath.valueAsString}/${name}`, arnFormat: ArnFormat.COLON_RESOURCE_NAME });

/** The hosts' stack makes it, under this name. */
const documentArn = (stack: Stack) => stack.formatArn({ service: 'ssm', resource: 'document', resourceName: documents.ring });

/** A host is an EC2 metal instance or a machine of one's own that is registered with SSM. What may run there is the document alone. */
const hostArns = (stack: Stack) => [
  stack.formatArn({ service: 'ec2', resource: 'instance', resourceName: '*' }),
  stack.formatArn({ service: 'ssm', resource: 'managed-instance', resourceName: '*' }),
];

const allow = (actions: string[], resources: string[]) => new PolicyStatement({ actions, resources });
