import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planDeployment } from '../../local/deployment.ts';
import { synthesized } from '../../local/synthesis.ts';
import { readTemplate, resolveTemplate } from '../../local/template.ts';
import type { Template } from '../../local/template.ts';
import { testCloud } from '../support/cloud.ts';

const account = { region: 'us-east-1', accountId: '000000000000', parameters: {}, queueUrl: (name: string) => `http://sqs/${name}` };

test('references, joins, substitutions and conditions come out as CloudFormation would give them', () => {
  const template: Template = {
    Parameters: { Choice: { Default: 'no' } },
    Conditions: { Chosen: { 'Fn::Equals': [{ Ref: 'Choice' }, 'yes'] }, Not: { 'Fn::Not': [{ Condition: 'Chosen' }] } },
    Resources: {
      Queue: { Type: 'AWS::SQS::Queue' },
      Table: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: { 'Fn::Sub': 'table-${AWS::Region}-${Queue.QueueName}-${Own}${!kept}' .replace('${Own}', '') } } },
      Left: { Type: 'AWS::S3::Bucket', Condition: 'Chosen' },
      Function: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          Url: { Ref: 'Queue' }, Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] }, Table: { Ref: 'Table' }, Parts: { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Partition' }]] },
          Choice: { 'Fn::If': ['Chosen', 1, { 'Fn::Select': [1, { 'Fn::Split': ['.', 'x.y'] }] }] }, Gone: { 'Fn::If': ['Chosen', 1, { Ref: 'AWS::NoValue' }] }, Both: { 'Fn::If': ['Not', 'not', 'chosen'] },
        },
      },
    },
  };
  const { resources } = resolveTemplate(template, account);
  assert.ok(!resources.some(({ id }) => id === 'Left'));
  assert.deepEqual(resources.find(({ id }) => id === 'Function')!.properties, {
    Url: 'http://sqs/Queue', Arn: 'arn:aws:sqs:us-east-1:000000000000:Queue', Table: 'table-us-east-1-Queue-${!kept}', Parts: 'a-aws', Choice: 'y', Both: 'not',
  });
  assert.equal(resolveTemplate(template, { ...account, parameters: { Choice: 'yes' } }).resources.find(({ id }) => id === 'Function')!.properties['Choice'], 1);
  assert.throws(() => resolveTemplate({ Resources: { A: { Type: 'x', Properties: { B: { Ref: 'Absent' } } } } }, account), /refers to Absent/);
});

const real = await synthesized();
const realAccount = { ...account, parameters: { Endpoint: 'http://127.0.0.1:1', RegionName: 'RegionOne' } };

test('a queue, table, bucket, bus or document taken out of the template is missed before anything starts', () => {
  const whole = readTemplate(real);
  const named = ['AWS::SQS::Queue', 'AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::Events::EventBus', 'AWS::SSM::Document', 'AWS::Lambda::Function'];
  const ids = Object.entries(whole.Resources).filter(([id, { Type }]) => named.includes(Type) && !id.includes('Manage') /* called by operators, not by the template */).map(([id]) => id);
  assert.ok(ids.length > 40);
  for (const id of ids) {
    const { [id]: _, ...Resources } = whole.Resources;
    assert.throws(() => planDeployment({ ...whole, Resources }, real, realAccount), new RegExp(`refers to ${id}`), id);
  }
});

test('a route, mapping or variable taken out of the template is gone from the one-machine cloud too', async (t) => {
  const removed: string[] = [];
  const cloud = await testCloud(t, {
    hypervisors: 0, seed: false, schedules: false,
    changeTemplate: ({ Resources }) => {
      const find = (type: string, test: (properties: any) => boolean) => Object.entries(Resources).filter(([, { Type, Properties }]) => Type === type && test(Properties));
      const [imageResource] = find('AWS::ApiGateway::Resource', ({ PathPart }) => PathPart === 'image')[0]!;
      for (const [id] of find('AWS::ApiGateway::Method', ({ ResourceId }) => ResourceId?.Ref === imageResource)) {
        removed.push(id);
        delete Resources[id];
      }
      const [mapping] = find('AWS::Lambda::EventSourceMapping', ({ FunctionName }) => FunctionName?.Ref?.startsWith('NovaScheduler'))[0]!;
      removed.push(mapping);
      delete Resources[mapping];
      const [, keystone] = find('AWS::Lambda::Function', ({ FunctionName }) => FunctionName === 'Novaless-keystone-login')[0]!;
      delete (keystone.Properties as any).Environment.Variables.TABLE_KEYSTONE;
    },
  });
  assert.equal(removed.length, 2);
  assert.equal((await fetch(`${cloud.endpoint}/image`)).status, 404);
  assert.notEqual((await fetch(`${cloud.endpoint}/image/v2/images`)).status, 404, 'the others are there');
  assert.ok(!cloud.deployment.mappings.some((mapping) => mapping.function === 'Novaless-nova-scheduler'));
  const user = { name: 'admin', domain: { id: 'default' }, password: 'x' };
  const login = await fetch(`${cloud.endpoint}/identity/v3/auth/tokens`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } } } }) });
  assert.ok(login.status >= 500, 'keystone misses its table');
});
