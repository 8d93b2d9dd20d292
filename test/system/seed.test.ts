import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { seed } from '../../local/seed.ts';
import { apiAs } from '../support/api.ts';
import { testCloud } from '../support/cloud.ts';
import { eventually, temporaryFolder } from '../local/tiny-cloud.ts';

test('a first start has what DevStack seeds, all of it is there again after a restart, and seeding again adds nothing', async (t) => {
  const dataDir = join(temporaryFolder(t), 'data');
  const first = await testCloud(undefined, { dataDir });
  t.after(() => first.stop());
  assert.deepEqual(first.problems, []);
  const inventory = async (cloud: typeof first) => {
    const [admin, demo] = await Promise.all([apiAs('admin', cloud.endpoint, dataDir), apiAs('demo', cloud.endpoint, dataDir)]);
    const list = async (api: typeof admin, path: string, key: string) => (await api.get(path)).body[key] as Record<string, any>[];
    return {
      projects: (await list(admin, '/identity/v3/projects', 'projects')).map(({ name }) => name).sort(),
      roles: (await list(admin, '/identity/v3/roles', 'roles')).map(({ name }) => name),
      flavors: (await list(demo, '/compute/v2.1/flavors/detail', 'flavors')).map(({ id, name, ram, vcpus, disk }) => [id, name, ram, vcpus, disk]),
      networks: (await list(demo, '/network/v2.0/networks', 'networks')).map((network) => [network['name'], network['router:external'], network['subnets'].length]).sort(),
      groups: (await list(demo, '/network/v2.0/security-groups', 'security_groups')).map(({ name }) => name),
      types: (await list(demo, '/volume/v3/types', 'volume_types')).map(({ name }) => name),
      hosts: (await list(admin, '/compute/v2.1/os-hypervisors', 'hypervisors')).map(({ hypervisor_hostname }) => hypervisor_hostname),
    };
  };
  const seeded = await eventually(async () => { const all = await inventory(first); return all.hosts.length === 1 && all; }, 30);
  assert.deepEqual(seeded.projects, ['admin', 'demo', 'service']);
  for (const role of ['admin', 'member', 'reader']) assert.ok(seeded.roles.includes(role), role);
  assert.deepEqual(seeded.flavors, [['1', 'm1.tiny', 512, 1, 1], ['2', 'm1.small', 2048, 1, 20], ['3', 'm1.medium', 4096, 2, 40], ['4', 'm1.large', 8192, 4, 80], ['5', 'm1.xlarge', 16384, 8, 160]]);
  assert.deepEqual(seeded.networks, [['private', false, 1], ['public', true, 1]]);
  assert.deepEqual(seeded.groups, ['default']);
  assert.deepEqual(seeded.types, ['__DEFAULT__']);
  assert.deepEqual(seeded.hosts, ['compute-1']);
  await seed({ invoke: first.invoke, endpoint: first.endpoint, region: 'RegionOne', adminPassword: first.adminPassword, demoPassword: first.demoPassword });
  assert.deepEqual(await inventory(first), seeded);

  await first.stop();
  rmSync(join(dataDir, 'seeded')); // as after a first start that was cut off
  const second = await testCloud(t, { dataDir });
  assert.deepEqual(second.problems, []);
  assert.deepEqual(await inventory(second as typeof first), seeded);
});
