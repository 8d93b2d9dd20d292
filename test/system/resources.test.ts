import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clientsNeeded } from '../openstack-clients.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { clientsOf, installedClients } from '../support/clients.ts';

const found = installedClients();

describe('resources with the clients people have', { skip: found.length < 2 && clientsNeeded }, () => {
  let cloud: TestCloud;
  before(async () => { cloud = await testCloud(undefined, { grants: true }); });
  after(() => cloud?.stop());

  for (const installed of found) {
    describe(installed.label, () => {
      const run = () => clientsOf(installed, cloud.dataDir);

      test('a new cloud has what DevStack seeds', async () => {
        const c = run();
        const flavors: { Name: string; RAM: number; Disk: number; VCPUs: number }[] = await c.json('flavor', 'list');
        assert.deepEqual(flavors.map((f) => [f.Name, f.RAM, f.Disk, f.VCPUs]).sort(), [
          ['m1.large', 8192, 80, 4], ['m1.medium', 4096, 40, 2], ['m1.small', 2048, 20, 1], ['m1.tiny', 512, 1, 1], ['m1.xlarge', 16384, 160, 8],
        ]);
        const networks = (await c.json('network', 'list')).map((n: { Name: string }) => n.Name).sort();
        assert.deepEqual(networks, ['private', 'public']);
        assert.ok((await c.json('security', 'group', 'list')).some((g: { Name: string }) => g.Name === 'default'));
        assert.ok((await c.json('volume', 'type', 'list')).length >= 1);
        const projects = (await c.adminJson('project', 'list')).map((p: { Name: string }) => p.Name);
        for (const project of ['admin', 'demo', 'service']) assert.ok(projects.includes(project), project);
        const roles = (await c.adminJson('role', 'list')).map((r: { Name: string }) => r.Name);
        for (const role of ['admin', 'member', 'reader']) assert.ok(roles.includes(role), role);
      });

      test('networks, subnets and ports are made, listed, shown, changed and deleted', async () => {
        const c = run();
        await c.openstack('network', 'create', 'lab');
        await c.openstack('subnet', 'create', '--network', 'lab', '--subnet-range', '192.168.77.0/24', '--dns-nameserver', '9.9.9.9', 'lab-subnet');
        await c.openstack('port', 'create', '--network', 'lab', '--fixed-ip', 'subnet=lab-subnet,ip-address=192.168.77.50', 'lab-port');
        assert.match(JSON.stringify(await c.json('port', 'show', 'lab-port')), /192\.168\.77\.50/);
        assert.match(await c.refusal('port', 'create', '--network', 'lab', '--fixed-ip', 'subnet=lab-subnet,ip-address=192.168.77.50', 'second'), /in use|already allocated/i);
        assert.match(await c.refusal('port', 'create', '--network', 'lab', '--fixed-ip', 'subnet=lab-subnet,ip-address=10.9.9.9', 'outside'), /not a valid IP|10\.9\.9\.9/i);
        await c.openstack('network', 'set', '--description', 'for trying', 'lab');
        await c.openstack('subnet', 'set', '--name', 'lab-net', 'lab-subnet');
        await c.openstack('port', 'set', '--name', 'lab-p', 'lab-port');
        assert.equal((await c.json('network', 'show', 'lab')).description, 'for trying');
        assert.match(await c.refusal('network', 'delete', 'lab'), /in use/i);
        await c.openstack('port', 'delete', 'lab-p');
        await c.openstack('subnet', 'delete', 'lab-net');
        await c.openstack('network', 'delete', 'lab');
        assert.match(await c.refusal('network', 'show', 'lab'), /No Network found|could not be found/i);
      });

      test('flavors are made, changed and deleted by the admin, and by nobody else', async () => {
        const c = run();
        await c.admin('flavor', 'create', '--ram', '256', '--vcpus', '1', '--disk', '1', '--property', 'hw:cpu_policy=shared', 'nano');
        await c.admin('flavor', 'set', '--property', 'quota:vif=1', 'nano');
        assert.match(JSON.stringify(await c.adminJson('flavor', 'show', 'nano')), /quota:vif/);
        assert.match(await c.refusal('flavor', 'create', '--ram', '1', '--vcpus', '1', '--disk', '1', 'mine'), /403|Policy doesn't allow/i);
        await c.admin('flavor', 'delete', 'nano');
      });

      test('the operator sees hosts, services, zones, quotas, limits and who may do what', async () => {
        const c = run();
        const hypervisors = await c.adminJson('hypervisor', 'list');
        assert.ok(hypervisors.length >= 1);
        await c.admin('hypervisor', 'show', hypervisors[0]['Hypervisor Hostname']);
        const services: { Binary: string; State: string }[] = await c.adminJson('compute', 'service', 'list');
        assert.ok(services.some((s) => s.Binary === 'nova-compute' && s.State === 'up'));
        assert.match(await c.openstack('availability', 'zone', 'list'), /nova/);
        assert.match(await c.openstack('quota', 'show'), /instances/);
        await c.admin('quota', 'set', '--instances', '11', 'demo');
        assert.match(await c.openstack('limits', 'show', '--absolute'), /(maxTotalInstances|total_instances)\s+\|\s+11/);
        await c.admin('quota', 'set', '--instances', '10', 'demo');
        for (const what of [['user', 'list'], ['project', 'list'], ['role', 'assignment', 'list', '--names'], ['service', 'list'], ['endpoint', 'list']]) {
          assert.ok((await c.adminJson(...what)).length > 0, what.join(' '));
        }
        await c.admin('user', 'show', 'demo');
        await c.admin('project', 'show', 'demo');
        await c.admin('service', 'show', 'nova');
        const endpoint = (await c.adminJson('endpoint', 'list'))[0].ID;
        await c.admin('endpoint', 'show', endpoint);
      });
    });
  }

  test('functions did only what they have a right to', () => assert.deepEqual(cloud.refusedOnAws(), []));
});
