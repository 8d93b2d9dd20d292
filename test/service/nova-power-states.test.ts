import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { awsJson } from '../../local/aws-json.ts';
import { consequence } from '../../functions/nova-conductor/power-states.ts';
import { environment } from '../../shared/deployment/declaration.ts';
import { instanceKey } from '../../shared/objects/instance.ts';
import { project, startComputeRig, type ComputeRig } from '../support/compute-rig.ts';
import { assertNothingLeft, crashAt, settle } from '../support/launch-checks.ts';

let rig: ComputeRig;
before(async () => { rig = await startComputeRig({ hosts: ['host-1'] }); });
after(() => rig.stop());
const agent = () => rig.agents[0]!;
const [PAUSED, SHUTDOWN, CRASHED, SUSPENDED, RUNNING] = [3, 4, 6, 7, 1];
const see = (uuid: string, power_state: number, observed_at = new Date()) => agent().say('host-reports', 'power_states', { observed_at: observed_at.toISOString(), guests: [{ instance_uuid: uuid, power_state }] });

async function running() {
  const { uuid } = await rig.launch();
  await rig.pump();
  const kinds: string[] = [];
  agent().behaviour = ({ kind }) => {
    kinds.push(kind);
    return { outcome: 'done', ...(kind === 'stop' && { power_state: SHUTDOWN }), ...(kind === 'pause' && { power_state: PAUSED }) };
  };
  const states = async () => {
    const { vm_state, power_state, task_state } = (await rig.instance(uuid))!;
    return [vm_state, power_state, task_state];
  };
  const gone = async () => {
    await rig.delete(uuid);
    await settle(rig);
    await assertNothingLeft(rig, [uuid]);
  };
  const set = (more: Record<string, unknown>) => rig.nova.update(instanceKey(project, uuid), { set: more });
  return { uuid, kinds, states, gone, set };
}

test('every state that a guest may come to by itself leads where it leads in Nova', () => {
  assert.deepEqual(['active', 'paused', 'stopped', 'suspended', 'error'].map((vm) => [SHUTDOWN, CRASHED, SUSPENDED, PAUSED, RUNNING, 0].map((power) => consequence(vm as never, power))), [
    ['stopped', 'stop', 'stop', 'noted', 'noted', 'stopped'],
    ['stopped', 'stop', 'noted', 'noted', 'noted', 'stopped'],
    ['noted', 'noted', 'noted', 'noted', 'stop', 'noted'],
    ['noted', 'noted', 'noted', 'noted', 'noted', 'noted'],
    ['noted', 'noted', 'noted', 'noted', 'noted', 'noted'],
  ]);
});

test('a guest shut down from inside makes its server SHUTOFF, and the owner sees since when', async () => {
  const { uuid, kinds, states, gone } = await running();
  see(uuid, SHUTDOWN);
  await rig.pump();
  assert.deepEqual(await states(), ['stopped', SHUTDOWN, null]);
  assert.deepEqual(kinds, []);
  const actions = await rig.nova.query<any>({ pk: `SERVER#${uuid}`, prefix: 'ACTION#' });
  assert.deepEqual(actions.map(({ action }) => action).sort(), ['create', 'stop']);
  assert.deepEqual(rig.world.events.filter(({ instance_id }) => instance_id === uuid).map(({ type }) => type).at(-1), 'compute.instance.power_off.end');
  await gone();
});

test('a guest that crashed, that somebody suspended on the host, or that runs though it was stopped, is stopped', async () => {
  const { uuid, kinds, states, gone, set } = await running();
  for (const [before, power] of [['active', CRASHED], ['active', SUSPENDED], ['stopped', RUNNING]] as const) {
    await set({ vm_state: before });
    see(uuid, power);
    await rig.pump();
    assert.deepEqual(await states(), ['stopped', SHUTDOWN, null], `${before} ${power}`);
    assert.deepEqual(kinds.splice(0), ['stop']);
  }
  await gone();
});

test('a pause from outside is shown as the power state and changes nothing else', async () => {
  const { uuid, kinds, states, gone } = await running();
  see(uuid, PAUSED);
  await rig.pump();
  assert.deepEqual(await states(), ['active', PAUSED, null]);
  see(uuid, RUNNING);
  await rig.pump();
  assert.deepEqual(await states(), ['active', RUNNING, null]);
  assert.deepEqual(kinds, []);
  await gone();
});

test('what is under way for a server goes first, and old news does not undo its end', async () => {
  const { uuid, states, gone, set } = await running();
  await set({ task_state: 'rebooting' });
  see(uuid, SHUTDOWN);
  await rig.pump();
  assert.deepEqual(await states(), ['active', RUNNING, 'rebooting']);
  await set({ task_state: null });
  const before = new Date();
  await new Promise((done) => setTimeout(done, 5));
  await rig.act(uuid, 'pause', {}, 'pausing');
  await rig.pump();
  await rig.act(uuid, 'unpause', {}, 'unpausing');
  await rig.pump();
  assert.deepEqual(await states(), ['active', RUNNING, null]);
  see(uuid, SHUTDOWN, before);
  await rig.pump();
  assert.deepEqual(await states(), ['active', RUNNING, null]);
  await gone();
});

for (const how of ['refuse', 'lose'] as const) {
  test(`a guest that runs though its server is stopped is stopped, whichever request for it is ${how === 'refuse' ? 'refused' : 'done and not answered'}`, { timeout: 120_000 }, async () => {
    const { uuid, kinds, states, gone, set } = await running();
    const stops = async () => (await rig.nova.query<any>({ pk: `SERVER#${uuid}`, prefix: 'ACTION#' })).filter(({ action }) => action === 'stop');
    for (let at = 0, requests = 0; at <= requests; at++) {
      await set({ vm_state: 'stopped' });
      rig.gate(crashAt(at, how));
      see(uuid, RUNNING);
      await rig.pump();
      if (at === 0) requests = rig.calls.filter(({ delivery }) => delivery <= 2).length; // of the host's report, and of the news that it brings
      rig.gate();
      assert.deepEqual([await states(), kinds.splice(0)], [['stopped', SHUTDOWN, null], ['stop']], `request ${at}`);
      const actions = await stops();
      assert.deepEqual(actions.map(({ message, events }) => [message, events.compute_stop_instance?.result]), Array.from({ length: at + 1 }, () => [null, 'Success']), `request ${at}`);
    }
    await gone();
  });
}

test('news of a guest that the database was too long away for is heard again later', async () => {
  const { uuid, gone } = await running();
  const queue = (operation: string, body: object = {}) =>
    awsJson<{ Attributes: Record<string, string> }>(rig.rig.engines.sqs.endpoint, 'AmazonSQS', operation, { QueueUrl: process.env[environment.queue('nova-conductor')]!, ...body });
  rig.gate(({ what, queue }) => (queue === 'nova-conductor' && what.startsWith('DynamoDB') ? 'refuse' : 'pass'));
  see(uuid, SHUTDOWN, new Date(Date.now() - 2 * 3600_000)); // what is so old is nothing to go by
  see(uuid, SHUTDOWN);
  await rig.pump({ until: () => rig.dead.length === 2 });
  rig.gate();
  const { Attributes } = await queue('GetQueueAttributes', { AttributeNames: ['All'] });
  assert.equal(Attributes['ApproximateNumberOfMessagesDelayed'], '1');
  await queue('PurgeQueue');
  rig.dead.length = 0;
  await gone();
});
