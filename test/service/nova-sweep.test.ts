import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { actionKey } from '../../shared/objects/action.ts';
import { dueInstance, instanceKey } from '../../shared/objects/instance.ts';
import { project, startComputeRig, type ComputeRig } from '../support/compute-rig.ts';
import { assertNothingLeft, crashAt, inFlight, settle } from '../support/launch-checks.ts';

/*
 * What becomes of an instance's task where its end, or its record, is lost.
 */

let rig: ComputeRig;
before(async () => { rig = await startComputeRig({ hosts: ['host-1'] }); });
after(() => rig.stop());
const agent = () => rig.agents[0]!;

async function running(): Promise<string> {
  const { uuid } = await rig.launch();
  await rig.pump();
  return uuid;
}
async function gone(uuid: string): Promise<void> {
  agent().behaviour = () => ({ outcome: 'done' });
  await settle(rig);
  await assertNothingLeft(rig, [uuid]);
}

for (const how of ['refuse', 'lose'] as const)
  test(`a task whose end is never told is over one day, and of the actions only its own failed, whichever request is ${how === 'refuse' ? 'refused' : 'not answered'}`, async () => {
    const uuid = await running();
    const earlier = await rig.act(uuid, 'reboot', { type: 'SOFT' }, 'rebooting');
    await rig.pump();
    const stuck = (more: object) => rig.nova.update(instanceKey(project, uuid), { set: { task_state: 'pausing', ...dueInstance(uuid, new Date(0)), ...more } });
    const queue = [0]; // which request fails: first none, then each but the searches for what is past its time
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      const asked = await rig.act(uuid, 'pause', {}, 'pausing');
      await rig.pump({ see: () => false });
      await stuck({});
      rig.gate(crashAt(at, how));
      await rig.sweep('nova-conductor').catch(() => {}); // it comes again in a minute
      if (at === 0) queue.push(...rig.calls.filter(({ ofIndex }) => !ofIndex).map(({ number }) => number));
      rig.gate();
      await rig.sweep('nova-conductor');
      assert.deepEqual(await inFlight(rig), [], `request ${at}`);
      assert.equal((await rig.instance(uuid))!.task_state, null, `request ${at}`);
      const { message, events } = (await rig.action(uuid, asked))!;
      assert.deepEqual([message, events['compute_pause_instance']?.result], ['Error', 'Error'], `request ${at}`);
    }
    await stuck({ task_request_id: 'req-of-which-there-is-no-record' });
    await rig.sweep('nova-conductor');
    assert.equal((await rig.instance(uuid))!.task_state, null);
    assert.equal((await rig.action(uuid, earlier))!.message, null, 'it had come to its end');
    await rig.delete(uuid);
    await gone(uuid);
  });

test('the end of an action is told in the name of the request that asked for it, though the action\'s record is gone', async () => {
  const uuid = await running();
  const asked = await rig.act(uuid, 'pause', {}, 'pausing');
  await rig.nova.remove(actionKey(uuid, asked));
  await rig.pump();
  const { type, request_id } = rig.world.events.filter(({ instance_id }) => instance_id === uuid).at(-1)!;
  assert.deepEqual([type, request_id], ['compute.instance.pause.end', asked]);
  await rig.delete(uuid);
  await gone(uuid);
});

test('a deletion that its host could not do, of which the word was lost, is tried again', async () => {
  const uuid = await running();
  agent().behaviour = () => ({ outcome: 'failed', reason: 'busy' });
  await rig.delete(uuid);
  await rig.pump({ see: ({ queue }) => queue !== 'nova-conductor' });
  assert.equal((await rig.instance(uuid))!.task_state, 'deleting');
  await gone(uuid);
});

for (const state of ['building', 'active'] as const)
  test(`a deletion whose message did go out, though it seemed not to, takes the server with it: it was ${state}`, async () => {
    const { uuid } = await rig.launch();
    if (state === 'active') await rig.pump();
    const before = (await rig.instance(uuid))!;
    await rig.delete(uuid);
    // as nova-api takes its word back
    await rig.nova.update(instanceKey(project, uuid), { set: { task_state: before.task_state }, add: { sequence: 1 }, ...(!before.due_at && { remove: ['due_pk', 'due_at'] }) });
    await gone(uuid);
  });

test('a task is ended whose deadline lies where the code before this one put it', async (t) => {
  const uuid = await running();
  await rig.act(uuid, 'pause', {}, 'pausing');
  await rig.pump({ see: () => false });
  await rig.nova.update(instanceKey(project, uuid), { set: { task_state: 'pausing', due_pk: 'INSTANCE#7', due_at: new Date(0).toISOString() } });
  const began = Date.now();
  for (let minute = 0; minute < 9; minute++) {
    t.mock.timers.enable({ apis: ['Date'], now: began + minute * 60_000 });
    await rig.sweep('nova-conductor');
    t.mock.timers.reset();
  }
  assert.equal((await rig.instance(uuid))!.task_state, null);
  await rig.delete(uuid);
  await gone(uuid);
});
