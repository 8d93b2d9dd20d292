import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Stack } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { WorkerPerObject } from '../../docs/examples/worker-per-object/app.ts';
import { LaunchOn, type LaunchOnProps } from '../../infra/launch-on.ts';
import type { Template } from './template.ts';

const templateOf = (stack: Stack) => (App.of(stack) as App).synth().getStackByName(stack.stackName).template as Template;
const ofType = ({ Resources }: Template, type: string) => Object.values(Resources).filter(({ Type }) => Type === type).map(({ Properties }) => Properties);
const ownersStack = (props: LaunchOnProps) => {
  const stack = new Stack(new App(), 'Owner', { env: { account: '123456789012', region: 'eu-central-1' } });
  new LaunchOn(stack, 'Nightly', props);
  return stack;
};

test('the example gives an owner two rules that ask for servers, no custom resource, and no right to anybody', () => {
  const template = templateOf(new WorkerPerObject(new App()));
  assert.deepEqual([...new Set(Object.values(template.Resources).map(({ Type }) => Type))].sort(), ['AWS::Events::Rule', 'AWS::S3::Bucket', 'AWS::S3::BucketPolicy']);
  assert.deepEqual(ofType(template, 'AWS::S3::Bucket')[0]!['NotificationConfiguration'], { EventBridgeConfiguration: { EventBridgeEnabled: true } });
  const [launch, done] = ofType(template, 'AWS::Events::Rule').map(({ Targets: [target] }) => target);
  assert.match(JSON.stringify(launch.Arn), /:novaless-launch"/);
  assert.match(JSON.stringify(launch.DeadLetterConfig), /:novaless-launch-dead-letters"/);
  const text = JSON.stringify(launch.InputTransformer.InputTemplate);
  assert.match(text, /\\"key\\":<detail-object-key>/, 'the value stands outside of quotes: EventBridge then writes it as JSON');
  assert.match(text, /\\"id\\":<id>/);
  assert.equal(launch.InputTransformer.InputPathsMap['detail-object-key'], '$.detail.object.key');
  assert.match(JSON.stringify(done.InputTransformer), /Server Delete Requested/);
});

test('a schedule asks for one server at each of its times, however often it is delivered', () => {
  const template = templateOf(ownersStack({ at: ScheduleExpression.cron({ hour: '3', minute: '0' }), credential: 'nightly', server: { name: 'nightly', imageRef: 'i', flavorRef: 'f', networks: 'auto' }, userData: '#!/bin/sh\nrun < in > out\n' }));
  const [{ ScheduleExpression: expression, Target: target }] = ofType(template, 'AWS::Scheduler::Schedule') as [any];
  assert.equal(expression, 'cron(0 3 * * ? *)');
  const input = JSON.parse(typeof target.Input === 'string' ? target.Input : target.Input['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : 'x')).join(''));
  assert.deepEqual([input.id, input.launch], ['<aws.scheduler.scheduled-time>', 'Owner/Nightly']);
  assert.equal(Buffer.from(input.detail.server.user_data, 'base64').toString(), '#!/bin/sh\nrun < in > out\n');
  for (const { PolicyDocument } of ofType(template, 'AWS::IAM::Policy')) {
    const actions = PolicyDocument.Statement.flatMap(({ Action }: { Action: string | string[] }) => Action) as string[];
    assert.deepEqual(actions.filter((action) => !action.startsWith('sqs:')), []);
  }
});

test('what EventBridge would not take is refused when the app is written', () => {
  const on = { source: ['x'] };
  const server = { name: 'n', imageRef: 'i', flavorRef: 'f', networks: 'auto' };
  assert.throws(() => ownersStack({ on, credential: 'c', server: { ...server, name: 'a<b' } }), /< or >/);
  assert.throws(() => ownersStack({ on, credential: 'c', server, userData: 'x'.repeat(8000) }), /8192/);
  assert.throws(() => ownersStack({ on, credential: 'c', server: { ...server, user_data: 'eA==' }, userData: 'x' }), /twice/);
});
