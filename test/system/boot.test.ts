import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { clientsNeeded } from '../openstack-clients.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { clientsOf, installedClients, runProgram } from '../support/clients.ts';
import { eventually } from '../support/eventually.ts';
import { launchSteps } from '../support/launch.ts';
import { writeQcow2 } from '../support/image.ts';

const found = installedClients();
const folder = mkdtempSync(join(tmpdir(), 'novaless-boot-'));
const disk = writeQcow2(join(folder, 'disk.qcow2'));

describe('a launch with the clients people have', { skip: found.length < 2 && clientsNeeded }, () => {
  let cloud: TestCloud;
  before(async () => { cloud = await testCloud(undefined); });
  after(() => cloud?.stop());

  for (const installed of found) {
    describe(installed.label, () => {
      const suffix = installed.label.startsWith('Debian') ? 'a' : 'b';
      const image = `centos7${suffix}`;
      const group = `norprod_sec_grp${suffix}`;
      const key = `my_key${suffix}`;
      const server = `stack_testvm${suffix}`;
      const run = () => clientsOf(installed, cloud.dataDir);

      test('a user gets a token and sees every service in the catalog', async () => {
        const token = await run().json('token', 'issue');
        assert.match(token.id, /^\S{20,}$/);
        const catalog: { Type: string }[] = await run().json('catalog', 'list');
        for (const type of ['identity', 'compute', 'image', 'network', 'volumev3', 'block-storage']) assert.ok(catalog.some((s) => s.Type === type), `${type} is missing`);
      });

      test('an image goes up, is listed, comes down byte for byte, and changes', async () => {
        await run().openstack('image', 'create', image, '--file', disk, '--disk-format', 'qcow2', '--container-format', 'bare');
        const shown = await run().json('image', 'show', image);
        assert.equal(shown.status, 'active');
        assert.equal(shown.size, readFileSync(disk).length);
        const listed: { Name: string }[] = await run().json('image', 'list');
        assert.ok(listed.some((i) => i.Name === image));
        const back = join(folder, `back-${suffix}`);
        await run().openstack('image', 'save', '--file', back, image);
        assert.deepEqual(readFileSync(back), readFileSync(disk));
        await run().openstack('image', 'set', '--property', 'hw_disk_bus=virtio', '--min-disk', '1', image);
        const changed = await run().json('image', 'show', image);
        assert.equal(changed.min_disk, 1);
        assert.match(JSON.stringify(changed.properties), /hw_disk_bus.*virtio/);
      });

      test('key pairs are imported, and made by the server', async () => {
        await runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, `id-${suffix}`)], {});
        await run().openstack('keypair', 'create', '--public-key', join(folder, `id-${suffix}.pub`), key);
        const made = await run().openstack('keypair', 'create', `made${suffix}`);
        assert.match(made, /PRIVATE KEY/);
        writeFileSync(join(folder, `made-${suffix}`), made, { mode: 0o600 });
        const names = (await run().json('keypair', 'list')).map((k: { Name: string }) => k.Name);
        assert.ok(names.includes(key) && names.includes(`made${suffix}`));
      });

      test('a security group takes its rules', async () => {
        await run().openstack('security', 'group', 'create', group);
        await run().openstack('security', 'group', 'rule', 'create', '--proto', 'icmp', group);
        await run().openstack('security', 'group', 'rule', 'create', '--proto', 'tcp', '--dst-port', '22', group);
        const rules: unknown[] = await run().json('security', 'group', 'rule', 'list', group);
        assert.equal(rules.length, 4); // two of them are neutron's own, for what goes out
      });

      test('openstack server create --wait makes an ACTIVE server with an address', async () => {
        await run().openstack('server', 'create', '--flavor', 'm1.small', '--image', image, '--network', 'private', '--security-group', group, '--key-name', key, '--wait', server);
        const shown = await run().json('server', 'show', server);
        assert.equal(shown.status, 'ACTIVE');
        assert.match(JSON.stringify(shown.addresses), /10\.\d+\.\d+\.\d+/);
        assert.equal(shown.key_name, key);
        assert.match(JSON.stringify(shown.security_groups), new RegExp(group));
      });

      test('nova boot --poll makes an ACTIVE server too', async () => {
        const net = (await run().json('network', 'show', 'private')).id;
        await run().nova('boot', '--flavor', 'm1.small', '--image', image, '--nic', `net-id=${net}`, '--security-group', group, '--key-name', key, '--poll', `nova_${server}`);
        assert.match(await run().nova('show', `nova_${server}`), /\| status\s+\| ACTIVE/);
        assert.match(await run().nova('list'), new RegExp(`nova_${server}`));
      });

      test('the launch can be read afterwards: events, all 28 steps, console log, console', async () => {
        const events = await run().json('server', 'event', 'list', server);
        const create = events.find((e: { Action: string }) => e.Action === 'create');
        const shown = JSON.stringify(await run().json('--os-compute-api-version', '2.84', 'server', 'event', 'show', server, create['Request ID']));
        assert.match(shown, /compute__do_build_and_run_instance/);
        assert.deepEqual((await launchSteps(cloud, server)).map((s) => s.step), Array.from({ length: 28 }, (_, i) => i + 1));
        assert.match(await eventually(() => run().openstack('console', 'log', 'show', server)), /m1\.small|2048/);
        const url: string = (await run().json('console', 'url', 'show', '--novnc', server)).url;
        const page = await fetch(url);
        assert.equal(page.status, 200);
      });

      test('a server is stopped, started, rebooted, paused, suspended, renamed and deleted', async () => {
        const c = run();
        const becomes = (status: string) => eventually(async () => {
          const now = (await c.json('server', 'show', server)).status;
          if (now !== status) throw new Error(`${now} instead of ${status}`);
        });
        await c.openstack('server', 'stop', server);
        await becomes('SHUTOFF');
        await c.openstack('server', 'start', server);
        await becomes('ACTIVE');
        await c.openstack('server', 'reboot', '--wait', server);
        await c.openstack('server', 'reboot', '--hard', '--wait', server);
        await c.openstack('server', 'pause', server);
        await becomes('PAUSED');
        await c.openstack('server', 'unpause', server);
        await becomes('ACTIVE');
        await c.openstack('server', 'suspend', server);
        await becomes('SUSPENDED');
        await c.openstack('server', 'resume', server);
        await becomes('ACTIVE');
        await c.openstack('server', 'set', '--name', `renamed${suffix}`, '--property', 'role=web', server);
        assert.match(JSON.stringify(await c.json('server', 'show', `renamed${suffix}`)), /role.{1,6}web/);
        await c.openstack('server', 'delete', '--wait', `renamed${suffix}`, `nova_${server}`);
        const left: { Name: string }[] = await c.json('server', 'list');
        assert.ok(!left.some((s) => s.Name.endsWith(suffix)));
        assert.deepEqual(await c.json('port', 'list', '--device-owner', 'compute:nova'), [], 'no port is left');
        await c.openstack('image', 'delete', image);
      });
    });
  }
});
