import type { FunctionSpec } from './functions.ts';
import type { MappingSpec } from './mappings.ts';
import type { RouteSpec } from './routes.ts';
import type { RuleSpec } from './events.ts';
import type { DocumentSpec } from './ssm.ts';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { documents, stacks } from '../infra/names.ts';
import { bundleOf, readTemplate, resolveTemplate } from './template.ts';
import type { Account, Resolved, Template } from './template.ts';

export type Deployment = ReturnType<typeof planDeployment>;

/** What a template asks for, in the terms of the parts of this machine's cloud. Nothing is added to it. */
export function planDeployment(template: Template, templateFile: string, account: Account) {
  const { resources, outputs } = resolveTemplate(template, account);
  const of = (type: string) => resources.filter((resource) => resource.type === type);
  return {
    outputs,
    tables: of('AWS::DynamoDB::Table'),
    queues: of('AWS::SQS::Queue'),
    buckets: of('AWS::S3::Bucket'),
    buses: of('AWS::Events::EventBus').map(({ name }) => name),
    parameters: of('AWS::SSM::Parameter').map(({ name, properties }) => ({ name, value: String(properties['Value']) })),
    functions: of('AWS::Lambda::Function').map((resource) => functionOf(resource, templateFile)),
    mappings: of('AWS::Lambda::EventSourceMapping').map(({ properties }): MappingSpec => ({
      queueArn: properties['EventSourceArn'],
      function: functionName(properties['FunctionName']),
      batchSize: properties['BatchSize'] ?? 10,
      maxConcurrency: properties['ScalingConfig']?.MaximumConcurrency ?? 1000,
      partialResponses: (properties['FunctionResponseTypes'] ?? []).includes('ReportBatchItemFailures'),
    })),
    routes: routesOf(resources),
    /** Media types that the gateway hands on in base64. */
    binaryMediaTypes: of('AWS::ApiGateway::RestApi').flatMap(({ properties }) => (properties['BinaryMediaTypes'] ?? []) as string[]),
    stage: of('AWS::ApiGateway::Stage')[0]?.name,
    gatewayFaults: Object.fromEntries(of('AWS::ApiGateway::GatewayResponse').map(({ properties }) => [properties['ResponseType'] as string, {
      status: properties['StatusCode'] === undefined ? undefined : Number(properties['StatusCode']),
      headers: (properties['ResponseParameters'] ?? {}) as Record<string, string>,
      body: (properties['ResponseTemplates']?.['application/json'] ?? '{"message":$context.error.messageString}') as string,
    }])),
    rules: of('AWS::Events::Rule').filter(({ properties }) => properties['State'] !== 'DISABLED').map(({ name, properties }): RuleSpec => ({
      name,
      bus: (properties['EventBusName'] ?? 'default').replace(/^arn:.*event-bus\//, ''),
      pattern: properties['EventPattern'],
      schedule: properties['ScheduleExpression'],
      targets: (properties['Targets'] ?? []).map((target: Record<string, any>) => ({
        arn: target['Arn'], input: target['Input'], messageGroupId: target['SqsParameters']?.MessageGroupId,
        path: target['InputPath'], transformer: target['InputTransformer'],
      })),
    })),
    documents: of('AWS::SSM::Document').map(({ name, properties }): DocumentSpec => ({
      name,
      parameters: (typeof properties['Content'] === 'string' ? JSON.parse(properties['Content']) : properties['Content'])?.parameters ?? {},
    })),
  };
}

/** The document that rings hosts, from the template of the hosts' stack, which stands beside the control plane's. Agents here need no installation. */
export function ringDocuments(deployment: Deployment, templateFile: string, account: Account): DocumentSpec[] {
  const file = join(dirname(templateFile), `${stacks.hosts}.template.json`);
  if (!existsSync(file)) return deployment.documents;
  const hosts = planDeployment(readTemplate(file), file, { ...account, parameters: {}, ssmParameters: deployment.parameters });
  return hosts.documents.filter(({ name }) => name === documents.ring);
}

function functionOf({ name, arn, properties, ...resource }: Resolved, templateFile: string): FunctionSpec {
  return {
    name, arn,
    folder: bundleOf(templateFile, { name, arn, properties, ...resource }),
    handler: properties['Handler'],
    memory: properties['MemorySize'] ?? 128,
    timeout: properties['Timeout'] ?? 3,
    environment: properties['Environment']?.Variables ?? {},
  };
}

const functionName = (nameOrArn: string) => nameOrArn.replace(/^arn:.*:function:/, '');

/** The REST API's methods: each with its path (resources put together) and the function of its proxy integration. */
function routesOf(resources: Resolved[]): RouteSpec[] {
  const parts = new Map(resources.filter(({ type }) => type === 'AWS::ApiGateway::Resource').map(({ ref, properties }) => [ref, properties]));
  const pathOf = (id: string): string => {
    const part = parts.get(id);
    return part ? `${pathOf(part['ParentId'])}/${part['PathPart']}` : '';
  };
  return resources.filter(({ type }) => type === 'AWS::ApiGateway::Method').map(({ properties }) => {
    const target = /functions\/arn:[^/]*:function:([^/]+)\/invocations/.exec(properties['Integration']?.Uri ?? '')?.[1];
    if (!target) throw new Error(`the method ${properties['HttpMethod']} ${pathOf(properties['ResourceId'])} has no function`);
    return { method: properties['HttpMethod'], path: pathOf(properties['ResourceId']) || '/', function: target };
  });
}
