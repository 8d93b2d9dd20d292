import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A synthesized CloudFormation template, as JSON. */
export interface Template {
  Parameters?: Record<string, { Type?: string; Default?: unknown }>;
  Conditions?: Record<string, unknown>;
  Resources: Record<string, Resource>;
  Outputs?: Record<string, { Value: unknown }>;
}
export interface Resource {
  Type: string;
  Properties?: Record<string, unknown>;
  Metadata?: Record<string, unknown>;
  Condition?: string;
}

/** AWS's answers to what a template asks of its account; a name is the resource's own, or its logical id. */
export interface Account {
  region: string;
  accountId: string;
  parameters: Record<string, string>;
  queueUrl: (name: string) => string;
  /** Values of SSM parameters that the template reads, as one stack reads what another says. */
  ssmParameters?: { name: string; value: string }[];
}

type Properties = Record<string, any>; // what CloudFormation's types hold, once resolved

export interface Resolved {
  id: string;
  type: string;
  properties: Properties;
  metadata: Properties;
  /** What Ref gives: a table's or function's name, a queue's URL. */
  ref: string;
  name: string;
  arn: string;
}

/** The property that names a resource of a type; where a template leaves it out, the logical id is its name. */
const nameProperties: Record<string, string> = {
  'AWS::DynamoDB::Table': 'TableName', 'AWS::SQS::Queue': 'QueueName', 'AWS::S3::Bucket': 'BucketName', 'AWS::Lambda::Function': 'FunctionName',
  'AWS::Events::EventBus': 'Name', 'AWS::Events::Rule': 'Name', 'AWS::SSM::Document': 'Name', 'AWS::SSM::Parameter': 'Name', 'AWS::ApiGateway::Stage': 'StageName',
};

export function readTemplate(file: string): Template {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** All resources of a template with every reference resolved, and the outputs. Throws on a reference to what isn't there, as a deployment would. */
export function resolveTemplate(template: Template, account: Account) {
  const pseudo: Record<string, unknown> = {
    'AWS::Region': account.region, 'AWS::AccountId': account.accountId, 'AWS::Partition': 'aws', 'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': 'Novaless', 'AWS::StackId': `arn:aws:cloudformation:${account.region}:${account.accountId}:stack/Novaless/local`, 'AWS::NoValue': undefined,
  };
  for (const name of Object.keys(account.parameters)) if (!template.Parameters?.[name]) throw new Error(`the template has no parameter ${name}`);

  const condition = (name: string): boolean => {
    if (!(name in (template.Conditions ?? {}))) throw new Error(`the template has no condition ${name}`);
    return Boolean(resolve(template.Conditions![name]));
  };
  const exists = (id: string) => {
    const resource = template.Resources[id];
    return resource && (!resource.Condition || condition(resource.Condition)) ? resource : undefined;
  };
  const nameOf = (id: string, resource: Resource) => {
    const named = resource.Properties?.[nameProperties[resource.Type] ?? ''];
    if (named !== undefined) return String(resolve(named));
    return resource.Type === 'AWS::S3::Bucket' ? id.toLowerCase() : id;
  };
  const require = (id: string) => {
    const resource = exists(id);
    if (!resource) throw new Error(`the template refers to ${id}, which it does not have`);
    return resource;
  };
  const reference = (id: string): unknown => {
    if (id in pseudo) return pseudo[id];
    const parameter = template.Parameters?.[id];
    if (parameter) {
      const value = account.parameters[id] ?? parameter.Default;
      if (value === undefined) throw new Error(`the template's parameter ${id} has no value`);
      if (!parameter.Type?.startsWith('AWS::SSM::Parameter::Value')) return value;
      const said = account.ssmParameters?.find(({ name }) => name === value);
      if (!said) throw new Error(`the template reads the SSM parameter ${value}, which is not there`);
      return said.value;
    }
    const resource = require(id);
    const name = nameOf(id, resource);
    return resource.Type === 'AWS::SQS::Queue' ? account.queueUrl(name) : name;
  };
  const attribute = (id: string, name: string): unknown => {
    const resource = require(id);
    if (name === 'Arn') return arnOf(id, resource);
    if (name === 'QueueUrl') return reference(id);
    if (name === 'QueueName' || name === 'Name') return nameOf(id, resource);
    return `${id}.${name}`; // identities that only the template itself uses, such as a REST API's root resource
  };
  const arnOf = (id: string, resource: Resource) => {
    const name = nameOf(id, resource);
    const at = (service: string, path: string) => `arn:aws:${service}:${account.region}:${account.accountId}:${path}`;
    switch (resource.Type) {
      case 'AWS::DynamoDB::Table': return at('dynamodb', `table/${name}`);
      case 'AWS::SQS::Queue': return at('sqs', name);
      case 'AWS::S3::Bucket': return `arn:aws:s3:::${name}`;
      case 'AWS::Lambda::Function': return at('lambda', `function:${name}`);
      case 'AWS::Events::EventBus': return at('events', `event-bus/${name}`);
      case 'AWS::Events::Rule': return at('events', `rule/${name}`);
      default: return at(resource.Type.split('::')[1]!.toLowerCase(), name);
    }
  };

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve).filter((each) => each !== undefined);
    if (typeof value !== 'object' || value === null) return value;
    const [[key, argument] = [], second] = Object.entries(value);
    if (key && !second && intrinsics[key]) return intrinsics[key](argument);
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolve(each)]).filter(([, each]) => each !== undefined));
  }
  const intrinsics: Record<string, (argument: any) => unknown> = {
    Ref: reference,
    Condition: condition,
    'Fn::GetAtt': (argument) => (Array.isArray(argument) ? attribute(argument[0], argument[1]) : attribute(...(argument.split(/\.(.*)/) as [string, string]))),
    'Fn::Join': ([separator, parts]) => (resolve(parts) as unknown[]).join(separator),
    'Fn::Sub': (argument) => {
      const [text, variables = {}] = Array.isArray(argument) ? argument : [argument];
      return text.replace(/\$\{([^!}][^}]*)\}/g, (_: string, name: string) => (name in variables ? resolve(variables[name]) : name.includes('.') ? attribute(...(name.split(/\.(.*)/) as [string, string])) : reference(name)));
    },
    'Fn::If': ([name, yes, no]) => resolve(condition(name) ? yes : no),
    'Fn::Equals': ([left, right]) => resolve(left) === resolve(right),
    'Fn::Not': ([each]) => !resolve(each),
    'Fn::And': (all) => all.every(resolve),
    'Fn::Or': (all) => all.some(resolve),
    'Fn::Select': ([index, list]) => (resolve(list) as unknown[])[Number(index)],
    'Fn::Split': ([separator, text]) => String(resolve(text)).split(separator),
  };

  const resources = Object.keys(template.Resources).flatMap((id): Resolved[] => {
    const resource = exists(id);
    if (!resource) return [];
    return [{
      id, type: resource.Type, properties: resolve(resource.Properties ?? {}) as Properties, metadata: resource.Metadata ?? {},
      ref: String(reference(id)), name: nameOf(id, resource), arn: arnOf(id, resource),
    }];
  });
  const outputs = Object.fromEntries(Object.entries(template.Outputs ?? {}).map(([name, { Value }]) => [name, resolve(Value)]));
  return { resources, outputs };
}

/** The folder with a function's bundle, which the synthesis names beside the template. */
export function bundleOf(templateFile: string, { metadata, properties }: Resolved): string {
  const path = metadata['aws:asset:path'] ?? `asset.${String(properties['Code']?.S3Key).replace(/\.zip$/, '')}`;
  return join(dirname(templateFile), String(path));
}
