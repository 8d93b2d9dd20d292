import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetParameterCommand, PutParameterCommand, SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Cloud } from '../../local/cloud.ts';
import { matches } from '../../local/event-pattern.ts';
import { socketFolder } from '../../local/lock.ts';
import { eventually, startTiny } from './tiny-cloud.ts';

const settings = (endpoint: string) => ({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
const ssmOf = (cloud: Cloud) => new SSMClient(settings(cloud.aws.AWS_ENDPOINT_URL_SSM));
const recorder = { code: 'const seen = []; export async function handler(event) { if (event.look) return seen; seen.push(event); }' };

test('an event reaches the targets of the rules that it matches, and the log', async (t) => {
  const rule = (EventPattern: object, Input?: string) => ({ Type: 'AWS::Events::Rule', Properties: { EventBusName: { Ref: 'Bus' }, EventPattern, Targets: [{ Id: '1', Arn: { 'Fn::GetAtt': ['recorder', 'Arn'] }, Input }] } });
  const cloud = await startTiny(t, { recorder }, {
    Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'notifications' } },
    Matching: rule({ source: ['nova'], 'detail-type': [{ prefix: 'compute.instance.' }], detail: { state: ['active'] } }),
    Other: rule({ source: ['cinder'] }),
  }, { limit: 1 });
  const events = new EventBridgeClient(settings(cloud.aws.AWS_ENDPOINT_URL_EVENTBRIDGE));
  const entry = (Source: string, state: string) => ({ Source, DetailType: 'compute.instance.create.end', Detail: JSON.stringify({ state }), EventBusName: 'notifications' });
  const answer = await events.send(new PutEventsCommand({ Entries: [entry('nova', 'active'), entry('nova', 'error'), { ...entry('nova', 'active'), EventBusName: 'absent' }, { ...entry('nova', 'x'), Detail: '{' }] }));
  assert.equal(answer.FailedEntryCount, 2);
  assert.deepEqual(answer.Entries!.map(({ ErrorCode }) => ErrorCode), [undefined, undefined, 'ResourceNotFoundException', 'MalformedDetail']);
  const seen = await eventually(async () => { const all = (await cloud.invoke('recorder', { look: true })) as any[]; return all.length > 0 ? all : undefined; });
  assert.equal(seen.length, 1);
  assert.equal(seen[0].source, 'nova');
  assert.deepEqual(seen[0].detail, { state: 'active' });
  assert.equal(readFileSync(join(cloud.dataDir, 'logs/events.jsonl'), 'utf8').trim().split('\n').length, 2);
});

test('event patterns match as EventBridge documents them', () => {
  const event = { source: 'nova', detail: { state: 'active', count: 5, tags: ['a', 'b'], nothing: null } };
  const yes: object[] = [{ source: ['nova', 'x'] }, { detail: { count: [{ numeric: ['>', 3, '<=', 5] }] } }, { detail: { tags: ['b'] } }, { detail: { absent: [{ exists: false }] } }, { detail: { nothing: [null] } },
    { source: [{ 'anything-but': ['cinder'] }] }, { source: [{ wildcard: 'n*a' }] }, { detail: { state: [{ suffix: 'ive' }] } }, { $or: [{ source: ['y'] }, { detail: { count: [5] } }] }, { source: [{ 'equals-ignore-case': 'NOVA' }] }];
  const no: object[] = [{ source: ['x'] }, { detail: { count: [{ numeric: ['<', 5] }] } }, { detail: { tags: ['c'] } }, { detail: { state: [{ exists: false }] } }, { other: { deep: ['x'] } }, { source: [{ 'anything-but': { prefix: 'no' } }] }];
  for (const pattern of yes) assert.ok(matches(pattern as Record<string, unknown>, event), JSON.stringify(pattern));
  for (const pattern of no) assert.ok(!matches(pattern as Record<string, unknown>, event), JSON.stringify(pattern));
});

test('parameters keep their values across a restart, in a file for their owner only, and secrets need decryption', async (t) => {
  const cloud = await startTiny(t, { recorder }, { Given: { Type: 'AWS::SSM::Parameter', Properties: { Name: '/given', Type: 'String', Value: 'by the template' } } });
  const ssm = ssmOf(cloud);
  const get = async (Name: string, WithDecryption = true) => (await ssm.send(new GetParameterCommand({ Name, WithDecryption }))).Parameter!;
  assert.equal((await get('/given')).Value, 'by the template');
  await ssm.send(new PutParameterCommand({ Name: '/token', Type: 'SecureString', Value: 'secret' }));
  await assert.rejects(ssm.send(new PutParameterCommand({ Name: '/token', Type: 'SecureString', Value: 'x' })), { name: 'ParameterAlreadyExists' });
  await ssm.send(new PutParameterCommand({ Name: '/token', Type: 'SecureString', Value: 'newer', Overwrite: true }));
  assert.equal((await get('/token')).Value, 'newer');
  assert.equal((await get('/token')).Version, 2);
  assert.notEqual((await get('/token', false)).Value, 'newer');
  await assert.rejects(get('/absent'), { name: 'ParameterNotFound' });
  assert.equal(statSync(join(cloud.dataDir, 'parameters.json')).mode & 0o777, 0o600);
  assert.match(readFileSync(join(cloud.dataDir, 'parameters.json'), 'utf8'), /newer/);
});

test('a ring reaches the host’s agent; a command that AWS would refuse is refused', async (t) => {
  const document = { Type: 'AWS::SSM::Document', Properties: { Name: 'Ring', Content: { schemaVersion: '2.2', parameters: { ringId: { type: 'String', allowedPattern: '^[0-9a-f-]{36}$' } }, mainSteps: [] } } };
  const rings: string[] = [];
  const cloud = await startTiny(t, { recorder, 'nova-compute-manage': { code: 'export const handler = async () => { throw new Error("no agent in this test"); };' } }, { Document: document }, { hypervisors: 2 });
  const socket = join(socketFolder(cloud.dataDir), 'ring');
  rmSync(socket, { force: true });
  mkdirSync(socketFolder(cloud.dataDir), { recursive: true });
  const agent = createServer((connection) => connection.on('data', (text) => rings.push(...String(text).trim().split('\n'))));
  await new Promise<void>((done) => agent.listen(socket, done));
  t.after(() => agent.close());
  const ssm = ssmOf(cloud);
  const ids = cloud.hosts.map(({ managedInstanceId }) => managedInstanceId);
  const ringId = '00000000-0000-4000-8000-000000000001';
  const send = (more: object = {}) => ssm.send(new SendCommandCommand({ DocumentName: 'Ring', InstanceIds: ids, Parameters: { ringId: [ringId] }, ...more }));
  assert.ok((await send()).Command!.CommandId);
  await eventually(() => rings.length === 2);
  assert.deepEqual(rings.map((line) => JSON.parse(line)), [{ host: 'compute-1', ring: ringId }, { host: 'compute-2', ring: ringId }]);
  await assert.rejects(send({ InstanceIds: [ids[0], 'mi-0123456789abcdef0'] }), { name: 'InvalidInstanceId' });
  await assert.rejects(send({ Parameters: { ringId: ['$(reboot)'] } }), { name: 'InvalidParameters' });
  await assert.rejects(send({ Parameters: {} }), { name: 'InvalidParameters' });
  await assert.rejects(send({ DocumentName: 'AWS-RunShellScript' }), { name: 'InvalidDocument' });
  await assert.rejects(send({ InstanceIds: Array.from({ length: 51 }, () => ids[0]) }), { name: 'ValidationException' });
  assert.equal(rings.length, 2);
});

test("functions are invoked as Lambda's are: by a signed request, with their results and their errors", async (t) => {
  const code = 'export async function handler(event) { if (event.fail) throw new RangeError("no more"); return { got: event }; }';
  const cloud = await startTiny(t, { echo: { code } });
  const lambda = new LambdaClient(settings(cloud.aws.AWS_ENDPOINT_URL_LAMBDA));
  const invoke = async (FunctionName: string, event: object | string) => {
    const { Payload, FunctionError, StatusCode } = await lambda.send(new InvokeCommand({ FunctionName, Payload: typeof event === 'string' ? event : JSON.stringify(event) }));
    return [StatusCode, FunctionError, JSON.parse(Payload!.transformToString())];
  };
  assert.deepEqual(await invoke('Tiny-echo', { a: 'é' }), [200, undefined, { got: { a: 'é' } }]);
  assert.deepEqual(await invoke('arn:aws:lambda:us-east-1:000000000000:function:Tiny-echo', {}), [200, undefined, { got: {} }]);
  const [status, failed, { errorType, errorMessage }] = await invoke('Tiny-echo', { fail: true });
  assert.deepEqual([status, failed, errorType, errorMessage], [200, 'Unhandled', 'RangeError', 'no more']);
  await assert.rejects(invoke('Tiny-absent', {}), { name: 'ResourceNotFoundException' });
  await assert.rejects(invoke('Tiny-echo', '{'), { name: 'InvalidRequestContentException' });
  await assert.rejects(invoke('Tiny-echo', { large: 'x'.repeat(6 * 1024 * 1024) }), { name: 'RequestTooLargeException' });
  const unsigned = await fetch(`${cloud.aws.AWS_ENDPOINT_URL_LAMBDA}/2015-03-31/functions/Tiny-echo/invocations`, { method: 'POST', body: '{}' });
  assert.equal(unsigned.status, 403, 'a page in a browser cannot');
});
