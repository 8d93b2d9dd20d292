import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Instance } from '../../shared/objects/instance.ts';
import { type ProjectQuota, quotaKey } from '../../shared/objects/quota.ts';
import { ids, startNovaApiRig, type NovaApiRig } from '../support/nova-api-rig.ts';
import { dyingAt, passTime } from './crashing.ts';
import { token } from './rig.ts';

/* nova-api dies at each of its requests to AWS, one after the other; each time what it left is found, and comes right by itself. */

let cloud: NovaApiRig;
let sweep: () => Promise<void>;
before(async () => {
  cloud = await startNovaApiRig();
  sweep = (await import('../../functions/nova-conductor/sweep.ts')).handler as never;
  await cloud.launch({}, { as: token('warm') });
  await cloud.rig.take('nova-scheduler');
});
after(() => cloud.stop());

let projects = 0;
const newProject = () => `f${++projects}`;
const servers = (project: string) => cloud.store.query<Instance>({ pk: `PROJECT#${project}`, prefix: 'SERVER#' });
async function inTime(project: string): Promise<void> {
  await cloud.store.update(quotaKey(project), { set: { reserved_at: new Date(0).toISOString() } });
  await passTime(cloud.rig, 'nova');
  await sweep();
}

for (const when of ['before', 'after'] as const) {
  test(`a launch that dies ${when} any of its requests is either driven on or was never there, and its quota is right`, async () => {
    for (let nth = 1; ; nth++) {
      const project = newProject();
      const begun = await dyingAt(nth, when, () => cloud.launch({ min_count: 2 }, { as: token(project) }));
      if (begun < nth) return assert.ok(nth > 4, 'the launch made fewer requests than it should');
      await cloud.rig.take('nova-scheduler');
      await inTime(project);
      const there = await servers(project);
      assert.ok(there.length === 0 || there.length === 2, `${there.length} servers after request ${nth}`);
      const asked = (await cloud.rig.take('nova-scheduler')).map(({ args }) => args.instance_uuid);
      assert.deepEqual(asked.filter((id) => there.some(({ uuid }) => uuid === id)).sort(), there.map(({ uuid }) => uuid).sort(), `after request ${nth} the scheduler is asked again`);
      const quota = await cloud.store.get<ProjectQuota>(quotaKey(project));
      assert.deepEqual([quota?.instances ?? 0, quota?.cores ?? 0, quota?.ram ?? 0], [there.length, there.length, there.length * 512], `quota after request ${nth}`);
    }
  });

  test(`an action that dies ${when} any of its requests is asked for, or is over in time`, async () => {
    for (const [body, task] of [[{ 'os-stop': null }, 'powering-off'], [{ reboot: { type: 'HARD' } }, 'rebooting_hard']] as const) {
      for (let nth = 1; ; nth++) {
        const project = newProject();
        const as = token(project);
        const { id } = (await cloud.launch({}, { as })).body.server;
        await cloud.active(id, {}, project);
        const begun = await dyingAt(nth, when, () => cloud.call('POST', `/servers/${id}/action`, { as, body }));
        if (begun < nth) break;
        const told = (await cloud.rig.take('nova-compute')).filter(({ args }) => args.instance_uuid === id);
        const record = (await cloud.record(id, project))!;
        if (told.length) assert.equal(record.task_state, task);
        await inTime(project);
        assert.equal((await cloud.record(id, project))!.task_state, null, `nothing is stuck after request ${nth}`);
        assert.equal((await cloud.call('POST', `/servers/${id}/action`, { as, body })).status, 202);
      }
    }
  });

  test(`a deletion that dies ${when} any of its requests goes on`, async () => {
    for (let nth = 1; ; nth++) {
      const project = newProject();
      const as = token(project);
      const { id } = (await cloud.launch({}, { as })).body.server;
      const begun = await dyingAt(nth, when, () => cloud.call('DELETE', `/servers/${id}`, { as }));
      if (begun < nth) return;
      const deleting = (await cloud.record(id, project))!.task_state === 'deleting';
      await cloud.rig.take('nova-compute');
      await inTime(project);
      const asked = (await cloud.rig.take('nova-compute')).filter(({ method, args }) => method === 'terminate_instance' && args.instance_uuid === id);
      assert.equal(asked.length, deleting ? 1 : 0);
    }
  });

  test(`an attachment that dies ${when} any of its requests can be asked for again, or detached`, async () => {
    for (let nth = 1; ; nth++) {
      const project = newProject();
      const as = token(project);
      const { id } = (await cloud.launch({}, { as })).body.server;
      await cloud.active(id, {}, project);
      const attach = () => cloud.call('POST', `/servers/${id}/os-volume_attachments`, { as, body: { volumeAttachment: { volumeId: ids.volume } } });
      const begun = await dyingAt(nth, when, attach);
      if (begun < nth) return cloud.world.attachments.clear();
      await cloud.rig.take('nova-compute');
      const listed = (await cloud.record(id, project))!.block_devices.some(({ volume_id }) => volume_id === ids.volume);
      const next = listed ? await cloud.call('DELETE', `/servers/${id}/os-volume_attachments/${ids.volume}`, { as }) : await attach();
      assert.ok(next.status === 200 || next.status === 202, `after request ${nth}: ${next.status} ${JSON.stringify(next.body)}`);
      assert.equal(cloud.world.attachments.size, 1, 'no reservation beside the one in use');
      cloud.world.attachments.clear();
    }
  });
}
