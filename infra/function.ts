import { join } from 'node:path';
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, CfnEventSourceMapping, Code, Function, RecursiveLoop, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { concurrencyOf, USUAL_ACCOUNT_LIMIT } from '../shared/deployment/concurrency.ts';
import { type FunctionDeclaration, type QueueName, queues } from '../shared/deployment/declaration.ts';
import { acceptWildcards } from './accept.ts';
import { functionEnvironment, functionPolicy, type Resources } from './grants.ts';
import { functionName, pascal } from './names.ts';
import { reservedConcurrency } from './parameters.ts';

/** One declared function with its role, its log group and, where it consumes a queue, the mapping. */
export function deployFunction(stack: Stack, declaration: FunctionDeclaration, resources: Resources & { bundles: string }): Function {
  const { name, memory = 512, timeout = 30, queue } = declaration;
  const id = pascal(name);
  const called = functionName(stack, name);
  const logs = new LogGroup(stack, `${id}Logs`, {
    logGroupName: `/aws/lambda/${called}`,
    retention: resources.parameters.logRetention.valueAsNumber,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const uses = functionPolicy(stack, declaration, resources, logs);
  const role = new Role(stack, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com'), inlinePolicies: { uses } });
  acceptWildcards(role, uses, [
    [/^<\w+Bucket\w+\.Arn>\/[\w/-]*\*$/, 'The objects of one bucket, or those under one prefix: their names are ids that are made later.'],
    [/:parameter<ParameterPath>\/service-token\/\*$/, "Keystone writes each service's token under this one path."],
    [/:secret:<LaunchesPath>\/launch\/\*$/, 'Owners of launches by events put their application credentials under this one path.'],
    [/:(ec2|ssm):.*:(instance|managed-instance)\/\*$/, 'Hosts are enrolled later; what may be run there is the one document of this deployment.'],
  ]);
  const deployed = new Function(stack, id, {
    functionName: called,
    code: Code.fromAsset(join(resources.bundles, name)),
    handler: 'index.handler',
    runtime: new Runtime('nodejs24.x'),
    architecture: Architecture.ARM_64,
    memorySize: memory,
    timeout: Duration.seconds(timeout),
    // Without this the function would be given a policy of AWS's with rights on every log group.
    role: role.withoutPolicyUpdates(),
    logGroup: logs,
    environment: functionEnvironment(stack, declaration, resources),
    ...(declaration.routes ? { reservedConcurrentExecutions: reservedConcurrency(stack, resources.parameters) } : {}),
    // Our own hop count ends a loop; Lambda's would cut a launch's chain of messages.
    ...(queue ? { recursiveLoop: RecursiveLoop.ALLOW } : {}),
  });
  deployed.node.addDependency(role);
  if (queue) consume(stack, id, queue, deployed, resources);
  return deployed;
}

function consume(stack: Stack, id: string, queue: QueueName, consumer: Function, resources: Resources): void {
  const { batchSize } = queues[queue];
  const limit = Number(stack.node.tryGetContext('accountConcurrency') ?? USUAL_ACCOUNT_LIMIT); // Lambda's limit of concurrent executions in this account and region
  new CfnEventSourceMapping(stack, `${id}Mapping`, {
    eventSourceArn: resources.queues[queue].queueArn,
    functionName: consumer.functionName,
    batchSize,
    functionResponseTypes: ['ReportBatchItemFailures'],
    scalingConfig: { maximumConcurrency: concurrencyOf(limit)[queue] },
  });
}
