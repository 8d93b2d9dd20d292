import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { functions } from '../../infra/functions.ts';
import { synthesize } from '../../infra/app.ts';
import { dashboardMetrics } from '../bench/standing.ts';
import { concurrencyOf, leastAccountLimit, USUAL_ACCOUNT_LIMIT } from '../../shared/deployment/concurrency.ts';
import { hostsDown } from '../../shared/deployment/metrics.ts';
import { environment, queues, tableNames, tableSchema } from '../../shared/deployment/declaration.ts';
import { describeStatement, standInAgent, standInBundles, stripHashes, type Properties, type Template, writeSnapshot } from './template.ts';

const folder = mkdtempSync(join(tmpdir(), 'novaless-template-'));
after(() => rmSync(folder, { recursive: true }));

const synthesized = (name: string, keepData?: boolean): string =>
  readFileSync(synthesize({ outdir: join(folder, name), bundles: standInBundles(folder, functions), agent: standInAgent(folder), ...(keepData === undefined ? {} : { keepData }) }), 'utf8');

const text = synthesized('first');
const template = JSON.parse(text) as Template;
const resources = Object.entries(template.Resources);
const hosts = JSON.parse(readFileSync(join(folder, 'first/NovalessHosts.template.json'), 'utf8')) as Template;
const ofType = (type: string): Properties[] => resources.filter(([, { Type }]) => Type === type).map(([id, { Properties }]) => ({ id, ...Properties }));
const properties = (id: string) => template.Resources[id]!.Properties;

test('a deployment changes nothing where the sources did not change: synthesis gives the same bytes each time', () => {
  assert.equal(synthesized('second'), text);
  for (const file of ['NovalessHosts.template.json', 'NovalessHosts.assets.json']) assert.equal(readFileSync(join(folder, 'second', file), 'utf8'), readFileSync(join(folder, 'first', file), 'utf8'));
});

test('nothing is skipped silently by an emulator or run by a hidden function: there is no custom resource', () => {
  const custom = [...resources, ...Object.entries(hosts.Resources)].filter(([, { Type }]) => Type.startsWith('Custom::') || Type === 'AWS::CloudFormation::CustomResource');
  assert.deepEqual(custom, []);
  assert.equal(ofType('AWS::Lambda::Function').length, functions.length, 'a function that no room declared');
});

test('the deployment fits one stack with room to grow', () => {
  assert.ok(resources.length < 350, `${resources.length} resources; CloudFormation takes 500`);
  assert.ok(text.length < 800_000, `${text.length} bytes; CloudFormation takes 1,000,000`);
});

test('a poisoned message is kept for a person to see: every consumed queue has a dead-letter queue', () => {
  const all = ofType('AWS::SQS::Queue');
  const consumed = ofType('AWS::Lambda::EventSourceMapping').map(({ EventSourceArn }) => EventSourceArn['Fn::GetAtt'][0]);
  assert.equal(new Set(consumed).size, Object.keys(queues).length);
  for (const id of consumed) {
    const { deadLetterTargetArn, maxReceiveCount } = properties(id)['RedrivePolicy'];
    assert.ok(all.some((queue) => queue.id === deadLetterTargetArn['Fn::GetAtt'][0]));
    assert.ok(!consumed.includes(deadLetterTargetArn['Fn::GetAtt'][0]), 'a consumed dead-letter queue');
    assert.ok(maxReceiveCount >= 2);
  }
});

test('a message is not delivered again while its handler still runs', () => {
  for (const mapping of ofType('AWS::Lambda::EventSourceMapping')) {
    const visibility = properties(mapping.EventSourceArn['Fn::GetAtt'][0])['VisibilityTimeout'];
    assert.ok(visibility > properties(mapping.FunctionName.Ref)['Timeout'], mapping.id);
  }
});

test('one bad message fails alone, and no queue can take all the concurrency of the account', () => {
  for (const mapping of ofType('AWS::Lambda::EventSourceMapping')) {
    assert.deepEqual(mapping.FunctionResponseTypes, ['ReportBatchItemFailures'], mapping.id);
    assert.ok(mapping.ScalingConfig.MaximumConcurrency >= 2, mapping.id);
    assert.equal(properties(mapping.FunctionName.Ref)['RecursiveLoop'], 'Allow', `${mapping.id}: a launch's chain would be cut`);
  }
  const sum = ofType('AWS::Lambda::EventSourceMapping').reduce((total, { ScalingConfig }) => total + ScalingConfig.MaximumConcurrency, 0);
  assert.ok(sum <= USUAL_ACCOUNT_LIMIT / 2, `${sum} of an account's usual ${USUAL_ACCOUNT_LIMIT}`);
});

test('in a small account too the queues leave half of the executions to those who wait for answers', () => {
  for (let limit = leastAccountLimit; limit <= 2 * USUAL_ACCOUNT_LIMIT; limit++) {
    const each = concurrencyOf(limit);
    const total = Object.values(each).reduce((sum, n) => sum + n, 0);
    assert.ok(total <= limit / 2, `${total} of ${limit}`);
    for (const [name, n] of Object.entries(each)) assert.ok(n >= 2 && n <= queues[name as keyof typeof queues].maxConcurrency, `${name}: ${n} of ${limit}`);
  }
  assert.deepEqual(concurrencyOf(), Object.fromEntries(Object.entries(queues).map(([name, { maxConcurrency }]) => [name, maxConcurrency])));
  const small = concurrencyOf(100);
  assert.ok(small['nova-compute'] > small['nova-scheduler'], 'where there is more to do there is more');
});

test('a function finds everything that it declares to use', () => {
  for (const { name, uses, queue, settings = [] } of functions) {
    const variables = ofType('AWS::Lambda::Function').find(({ FunctionName }) => FunctionName === `Novaless-${name}`)?.Environment.Variables;
    const expected = [environment.endpoint, environment.region, ...(queue ? [environment.queue(queue)] : []), ...settings.map(environment.setting)];
    for (const grant of uses) {
      if ('table' in grant) expected.push(environment.table(grant.table));
      if ('send' in grant) expected.push(environment.queue(grant.send));
      if ('invoke' in grant) expected.push(environment.function(grant.invoke));
      if ('bucket' in grant) expected.push(environment.bucket(grant.bucket));
      if ('ringHosts' in grant) expected.push(environment.agentDocument);
      if ('parameter' in grant) expected.push(environment.parameterPath);
      if ('secret' in grant) expected.push(environment.secretPath);
      if ('publishEvents' in grant) expected.push(environment.bus);
    }
    assert.deepEqual(Object.keys(variables).sort(), [...new Set(expected)].sort(), name);
  }
});

test('a function may do what it declares and no more: no wildcard action, no right on everything', () => {
  const roles = ofType('AWS::IAM::Role');
  assert.equal(roles.length, functions.length, 'each function has its own role');
  assert.deepEqual(ofType('AWS::IAM::Policy'), []);
  for (const role of roles) {
    assert.equal(role.ManagedPolicyArns, undefined, role.id);
    for (const policy of role.Policies) {
      for (const { Action, Resource, Effect } of policy.PolicyDocument.Statement) {
        assert.equal(Effect, 'Allow');
        for (const action of [Action].flat()) assert.match(action, /^[a-z0-9]+:[A-Za-z]+$/, role.id);
        for (const resource of [Resource].flat()) assert.notEqual(resource, '*', role.id);
      }
    }
  }
});

test("no service touches another service's table", () => {
  const owner = { keystone: 'keystone', nova: 'nova', 'nova-compute': 'nova-compute', glance: 'glance', neutron: 'neutron', cinder: 'cinder' };
  for (const { name, entry, uses } of functions) {
    const room = entry.split('/')[1]!;
    for (const grant of uses) {
      if (!('table' in grant)) continue;
      assert.equal(room.startsWith(owner[grant.table]), true, `${name} uses ${grant.table}`);
      if (room === 'nova-compute') assert.equal(grant.table, 'nova-compute', `${name} touches the nova database`);
    }
  }
});

test('data outlives a destroyed stack, unless that was asked for', () => {
  const policies = (of: Template) => Object.values(of.Resources).filter(({ Type }) => Type === 'AWS::DynamoDB::Table').map(({ DeletionPolicy }) => DeletionPolicy);
  assert.deepEqual(policies(template), tableNames.map(() => 'Retain'));
  assert.deepEqual(policies(JSON.parse(synthesized('third', false)) as Template), tableNames.map(() => 'Delete'));
  for (const table of ofType('AWS::DynamoDB::Table')) {
    assert.equal(table.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled, true);
    assert.equal(table.BillingMode, 'PAY_PER_REQUEST');
    assert.equal(table.TimeToLiveSpecification.AttributeName, tableSchema.ttl);
    assert.deepEqual(table.GlobalSecondaryIndexes.map(({ IndexName }: { IndexName: string }) => IndexName), tableSchema.indexes.map(({ name }) => name));
  }
});

test('nothing is reachable without TLS, and no bucket is public', () => {
  const refusing = (policies: { PolicyDocument: { Statement: { Effect: string; Condition?: object }[] } }[]) =>
    policies.every(({ PolicyDocument }) => PolicyDocument.Statement.some(({ Effect, Condition }) => Effect === 'Deny' && JSON.stringify(Condition) === '{"Bool":{"aws:SecureTransport":"false"}}'));
  const queuePolicies = ofType('AWS::SQS::QueuePolicy');
  assert.equal(queuePolicies.length, ofType('AWS::SQS::Queue').length);
  assert.ok(refusing(queuePolicies as never) && refusing(ofType('AWS::S3::BucketPolicy') as never));
  for (const queue of ofType('AWS::SQS::Queue')) assert.equal(queue.SqsManagedSseEnabled, true, queue.id);
  for (const bucket of ofType('AWS::S3::Bucket')) {
    assert.deepEqual(Object.values(bucket.PublicAccessBlockConfiguration), [true, true, true, true]);
    assert.ok(bucket.LifecycleConfiguration.Rules.some((rule: object) => 'AbortIncompleteMultipartUpload' in rule), bucket.id);
  }
});

test('every declared route is there, and none hides the service above it', () => {
  const paths = new Map<string, string>();
  const pathOf = (id: string): string => paths.get(id) ?? (template.Resources[id]?.Type === 'AWS::ApiGateway::Resource'
    ? `${pathOf(properties(id)['ParentId'].Ref ?? 'root')}/${properties(id)['PathPart']}` : '');
  for (const { id } of ofType('AWS::ApiGateway::Resource')) paths.set(id, pathOf(id));
  const methods = new Map(ofType('AWS::ApiGateway::Method').map((method) => [
    `${method.HttpMethod} ${paths.get(method.ResourceId.Ref) ?? '/'}`,
    JSON.stringify(method.Integration.Uri).match(/"Fn::GetAtt":\["([A-Za-z]+?)[0-9A-F]{8}","Arn"\]/)?.[1],
  ]));
  for (const { routes: lines = [] } of functions) for (const line of lines) assert.ok(methods.has(line), line);
  for (const path of ['/identity/v3', '/identity/v3/{proxy+}', '/identity/v3/auth', '/identity/v3/auth/{proxy+}', '/identity/v3/auth/tokens']) {
    assert.equal(methods.get(`ANY ${path}`), 'Keystone', path);
  }
  assert.equal(methods.get('POST /identity/v3/auth/tokens'), 'KeystoneLogin');
});

test('what is deployed is what was reviewed: the list of resources', () => {
  const of = ({ Resources }: Template) => Object.entries(Resources).map(([id, { Type }]) => `${Type} ${stripHashes(id)}`).sort().join('\n');
  const list = `${of(template)}\n\nNovalessHosts\n${of(hosts)}`;
  const file = join(import.meta.dirname, 'resources.txt');
  if (process.env['UPDATE_SNAPSHOTS']) return void writeSnapshot(file, list);
  assert.equal(list, readFileSync(file, 'utf8').trimEnd(), 'see the difference, then run with UPDATE_SNAPSHOTS=1');
});

test('who may do what is what was reviewed: the roles', () => {
  const shown = (id: string, { Statement }: Properties) => `${stripHashes(id)}\n${Statement.map(describeStatement).join('\n')}`;
  const roles = [
    ...ofType('AWS::IAM::Role').map(({ id, Policies }) => shown(id, Policies[0].PolicyDocument)).sort(),
    ...Object.entries(hosts.Resources).filter(([, { Type }]) => Type.startsWith('AWS::IAM::')).map(([id, { Properties }]) => shown(`NovalessHosts: ${id}`, Properties['PolicyDocument'])),
  ].join('\n\n');
  const file = join(import.meta.dirname, 'roles.txt');
  if (process.env['UPDATE_SNAPSHOTS']) return void writeSnapshot(file, roles);
  assert.equal(roles, readFileSync(file, 'utf8').trimEnd(), 'see the difference, then run with UPDATE_SNAPSHOTS=1');
});

test('a deployment works in a new account: nothing is set aside unless an operator asks', () => {
  assert.equal(template.Parameters['ReservedConcurrency']?.Default, '');
  for (const { FunctionName, ReservedConcurrentExecutions: reserved } of ofType('AWS::Lambda::Function')) {
    const answers = functions.some(({ name, routes }) => routes && FunctionName === `Novaless-${name}`);
    assert.deepEqual(reserved, answers ? { 'Fn::If': ['HasReservedConcurrency', { Ref: 'ReservedConcurrency' }, { Ref: 'AWS::NoValue' }] } : undefined, FunctionName);
  }
});

test('an operator hears of what is lost, late or failing: every queue and every swept function is under an alarm that tells', () => {
  const watched = new Set<string>();
  for (const alarm of ofType('AWS::CloudWatch::Alarm')) {
    assert.ok(alarm.AlarmActions.length > 0, alarm.id);
    const metrics = alarm.Metrics?.flatMap(({ MetricStat }: Properties) => MetricStat?.Metric ?? []) ?? [alarm];
    for (const { MetricName, Dimensions = [] } of metrics) for (const { Value } of Dimensions) watched.add(`${MetricName} of ${JSON.stringify(Value)}`);
  }
  for (const { id, RedrivePolicy } of ofType('AWS::SQS::Queue')) {
    const [name, metric] = RedrivePolicy ? [id, 'ApproximateAgeOfOldestMessage'] : [id, 'ApproximateNumberOfMessagesVisible'];
    assert.ok(watched.has(`${metric} of ${JSON.stringify({ 'Fn::GetAtt': [name, 'QueueName'] })}`), `${metric} of ${name}`);
  }
  const [{ FilterPattern, MetricTransformations: [{ MetricName, MetricNamespace, MetricValue }], LogGroupName }] = ofType('AWS::Logs::MetricFilter') as [Properties];
  assert.deepEqual([FilterPattern, MetricValue], [`{ $.message = "${hostsDown.message}" }`, `$.${hostsDown.count}`], 'the line that a silent host is told in');
  assert.match(LogGroupName.Ref, /^NovaConductorSweepLogs/);
  assert.ok(ofType('AWS::CloudWatch::Alarm').some((alarm) => alarm.MetricName === MetricName && alarm.Namespace === MetricNamespace && alarm.Threshold === 0));
  const swept = functions.filter(({ swept }) => swept).length;
  assert.equal([...watched].filter((each) => each.startsWith('Errors of')).length, swept);
});

test('the dashboard stays among those that cost nothing: at most 50 metrics', () => {
  for (const { DashboardBody } of ofType('AWS::CloudWatch::Dashboard')) assert.ok(dashboardMetrics(DashboardBody) <= 50, `${dashboardMetrics(DashboardBody)} metrics`);
});
