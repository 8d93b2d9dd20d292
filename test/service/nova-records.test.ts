/** How instances are kept in the nova table: what users see of them does not depend on it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { environment } from '../../shared/deployment/declaration.ts';
import { instanceKey } from '../../shared/objects/instance.ts';
import { ids, startNovaApiRig, type NovaApiRig } from '../support/nova-api-rig.ts';
import { token } from './rig.ts';

let cloud: NovaApiRig;
let table: DynamoDBDocumentClient;
const TableName = () => process.env[environment.table('nova')]!;
before(async () => {
  cloud = await startNovaApiRig();
  table = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { convertClassInstanceToMap: true } });
});
after(() => (table.destroy(), cloud.stop()));

const rich = { name: 'vm', description: 'd', metadata: { k: 'v', constructor: 'x' }, tags: ['a', 'b'], user_data: 'IyEvYmluL3No', config_drive: true, accessIPv4: '192.0.2.1' };
async function server(more: object = {}): Promise<string> {
  const answer = await cloud.launch({ ...rich, ...more }, { minor: 90, 'os:scheduler_hints': { asked: 'for' } });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  const { id } = answer.body.server;
  await cloud.active(id, {
    block_devices: [{ boot_index: null, source_type: 'volume', destination_type: 'volume', volume_id: ids.volume, attachment_id: 'at', delete_on_termination: false, device_name: '/dev/vdb' }],
  });
  return id;
}
const admin = () => token('mine', 'admin,member,reader', 'root');
const show = async (id: string) => (await cloud.call('GET', `/servers/${id}`, { minor: 100, as: admin() })).body.server;
const detail = async (id: string) => (await cloud.call('GET', '/servers/detail', { minor: 100, as: admin() })).body.servers.find((each: { id: string }) => each.id === id);
const stored = async (id: string) => (await table.send(new GetCommand({ TableName: TableName(), Key: instanceKey('mine', id) }))).Item!;

test('a list of servers costs what few attributes cost: none of a record is a list or a map', async () => {
  const item = await stored(await server());
  assert.deepEqual(Object.entries(item).filter(([, value]) => value !== null && typeof value === 'object'), []);
  assert.ok(Object.keys(item).length <= 26, Object.keys(item).join());
});

test('a server whose record was written attribute by attribute looks as any other, and can be changed', async () => {
  const id = await server();
  const [alone, listed] = [await show(id), await detail(id)];
  assert.deepEqual([alone.metadata, alone.tags, alone.description, alone.scheduler_hints, alone['OS-EXT-SRV-ATTR:user_data']], [rich.metadata, rich.tags, 'd', { asked: 'for' }, rich.user_data]);
  await table.send(new PutCommand({ TableName: TableName(), Item: (await cloud.record(id))! }));
  assert.ok(Array.isArray((await stored(id))['interfaces']), 'as before');
  assert.deepEqual([await show(id), await detail(id)], [alone, listed]);
  await changeAll(id);
});

test('what a user changes of a server is what is shown from then on, alone and in lists', async () => {
  await changeAll(await server());
});

async function changeAll(id: string) {
  const call = async (method: string, path: string, body: object, minor = 85) => {
    const { status, body: said } = await cloud.call(method, `/servers/${id}${path}`, { minor, body });
    assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(said)}`);
  };
  await call('PUT', '', { server: { name: 'other', description: null, accessIPv4: '192.0.2.2' } });
  await call('PUT', '/metadata', { metadata: { k: 'w' } });
  await call('PUT', '/tags', { tags: [] });
  await call('PUT', `/os-volume_attachments/${ids.volume}`, { volumeAttachment: { volumeId: ids.volume, delete_on_termination: true } });
  await call('POST', '/action', { lock: null });
  for (const { name, description, accessIPv4, metadata, tags, locked, ...rest } of [await show(id), await detail(id)]) {
    assert.deepEqual([name, description, accessIPv4, metadata, tags, locked], ['other', null, '192.0.2.2', { k: 'w' }, [], true]);
    assert.deepEqual(rest['os-extended-volumes:volumes_attached'], [{ id: ids.volume, delete_on_termination: true }]);
  }
  const found = (await cloud.call('GET', '/servers?name=^other$')).body.servers;
  assert.ok(found.some((each: { id: string }) => each.id === id), 'found by its new name');
  await call('POST', '/action', { unlock: null });
  assert.equal((await show(id)).locked, false);
  await call('PUT', '', { server: { name: 'vm' } });
}

test('of changes that come at once none is lost', async () => {
  const id = await server({ tags: [] });
  const answers = await Promise.all(['a', 'b', 'c', 'd'].flatMap((name) => [
    cloud.call('PUT', `/servers/${id}/tags/${name}`, { minor: 26 }), cloud.call('POST', `/servers/${id}/metadata`, { body: { metadata: { [name]: name } } }),
  ]));
  assert.deepEqual(answers.map(({ status }) => status), answers.map((_, i) => (i % 2 ? 200 : 201)));
  const { tags, metadata } = await show(id);
  assert.deepEqual([tags.toSorted(), metadata], [['a', 'b', 'c', 'd'], { ...rich.metadata, a: 'a', b: 'b', c: 'c', d: 'd' }]);
});
