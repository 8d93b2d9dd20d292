import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startCloud } from '../../local/cloud.ts';
import type { CloudOptions } from '../../local/cloud.ts';
import type { Resource, Template } from '../../local/template.ts';

export interface TinyFunction {
  /** The module's text; it exports `handler`. */
  code: string;
  timeout?: number;
  memory?: number;
  variables?: Record<string, unknown>;
  routes?: string[];
}

/** A folder that goes when the test is over. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A template by hand: a few functions with their routes, and whatever resources a test adds. */
export function tinyTemplate(folder: string, functions: Record<string, TinyFunction>, more: Record<string, Resource> = {}): string {
  const resources: Record<string, Resource> = { Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: 'tiny', BinaryMediaTypes: ['*/*'] } }, ...more };
  const paths = new Map<string, unknown>([['', { 'Fn::GetAtt': ['Api', 'RootResourceId'] }]]);
  const resourceFor = (path: string): unknown => {
    if (!paths.has(path)) {
      const cut = path.lastIndexOf('/');
      const parent = resourceFor(path.slice(0, cut));
      const id = `Path${paths.size}`;
      resources[id] = { Type: 'AWS::ApiGateway::Resource', Properties: { ParentId: parent, PathPart: path.slice(cut + 1), RestApiId: { Ref: 'Api' } } };
      paths.set(path, { Ref: id });
    }
    return paths.get(path);
  };
  for (const [name, { code, timeout = 5, memory = 128, variables, routes = [] }] of Object.entries(functions)) {
    mkdirSync(join(folder, `asset.${name}`), { recursive: true });
    writeFileSync(join(folder, `asset.${name}/index.mjs`), code);
    resources[name] = {
      Type: 'AWS::Lambda::Function',
      Properties: { FunctionName: `Tiny-${name}`, Handler: 'index.handler', Timeout: timeout, MemorySize: memory, Environment: { Variables: variables } },
      Metadata: { 'aws:asset:path': `asset.${name}` },
    };
    for (const [index, route] of routes.entries()) {
      const [method, path] = route.split(' ') as [string, string];
      resources[`${name}Method${index}`] = {
        Type: 'AWS::ApiGateway::Method',
        Properties: {
          HttpMethod: method, ResourceId: resourceFor(path === '/' ? '' : path), RestApiId: { Ref: 'Api' },
          Integration: { Type: 'AWS_PROXY', Uri: { 'Fn::Join': ['', ['arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/', { 'Fn::GetAtt': [name, 'Arn'] }, '/invocations']] } },
        },
      };
    }
  }
  const template: Template = {
    Parameters: { Endpoint: { Default: '' }, RegionName: { Default: 'RegionOne' } },
    Resources: resources,
    Outputs: { FunctionPrefix: { Value: 'Tiny-' } },
  };
  const file = join(folder, 'Tiny.template.json');
  writeFileSync(file, JSON.stringify(template));
  return file;
}

/** A queue with its dead-letter queue and the mapping to `consumer`. */
export const consumedQueue = (consumer: string, settings: { maxReceives?: number; visibility?: number; batchSize?: number; maxConcurrency?: number } = {}): Record<string, Resource> => ({
  DeadLetters: { Type: 'AWS::SQS::Queue' },
  Queue: {
    Type: 'AWS::SQS::Queue',
    Properties: { VisibilityTimeout: settings.visibility ?? 30, RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] }, maxReceiveCount: settings.maxReceives ?? 3 } },
  },
  Mapping: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] }, FunctionName: { Ref: consumer }, BatchSize: settings.batchSize ?? 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'], ScalingConfig: { MaximumConcurrency: settings.maxConcurrency ?? 5 },
    },
  },
});

/** Starts a cloud of a template made by hand; it is stopped when the test is over. */
export async function startTiny(t: TestContext, functions: Record<string, TinyFunction>, more: Record<string, Resource> = {}, options: Partial<CloudOptions> = {}) {
  const folder = temporaryFolder(t);
  const templateFile = tinyTemplate(folder, functions, more);
  const cloud = await startCloud({ dataDir: join(folder, 'data'), templateFile, hypervisors: 0, seed: false, ...options });
  t.after(() => cloud.stop());
  return cloud;
}

/** Waits until `look` gives something true. */
export async function eventually<T>(look: () => T | Promise<T>, seconds = 10): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen) return seen as Exclude<T, false | null | undefined>;
    if (Date.now() > deadline) throw new Error(`not seen within ${seconds} s`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
