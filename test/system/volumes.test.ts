import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { clientsNeeded } from '../openstack-clients.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { clientsOf, installedClients } from '../support/clients.ts';
import { eventually } from '../support/eventually.ts';
import { writeQcow2 } from '../support/image.ts';

const found = installedClients();
const disk = writeQcow2(join(mkdtempSync(join(tmpdir(), 'novaless-volumes-')), 'disk.qcow2'));

describe('volumes with the clients people have', { skip: found.length < 2 && clientsNeeded }, () => {
  let cloud: TestCloud;
  before(async () => { cloud = await testCloud(undefined, { grants: true }); });
  after(() => cloud?.stop());

  for (const [index, installed] of found.entries()) {
    describe(installed.label, () => {
      const name = (what: string) => `${what}-${index}`;
      const run = () => clientsOf(installed, cloud.dataDir);
      const volumeIs = (volume: string, status: string) => eventually(async () => {
        const now = (await run().json('volume', 'show', volume)).status;
        if (now !== status) throw new Error(`volume ${volume} is ${now} instead of ${status}`);
      });

      test('a volume is made, changed, and listed', async () => {
        const c = run();
        await c.openstack('image', 'create', name('image'), '--file', disk, '--disk-format', 'qcow2', '--container-format', 'bare');
        await c.openstack('volume', 'create', '--size', '1', name('data'));
        await volumeIs(name('data'), 'available');
        await c.openstack('volume', 'set', '--description', 'logs', '--property', 'tier=cold', name('data'));
        const shown = await c.json('volume', 'show', name('data'));
        assert.equal(shown.description, 'logs');
        assert.match(JSON.stringify(shown.properties), /tier.*cold/);
        assert.ok((await c.json('volume', 'list')).some((v: { Name: string }) => v.Name === name('data')));
      });

      test('a volume is attached to a running server and let go of again', async () => {
        const c = run();
        await c.openstack('server', 'create', '--flavor', 'm1.tiny', '--image', name('image'), '--network', 'private', '--wait', name('vm'));
        // the volume lives in one host's pool; with one host that is the server's
        await c.openstack('server', 'add', 'volume', name('vm'), name('data'));
        await volumeIs(name('data'), 'in-use');
        assert.match(JSON.stringify(await c.json('server', 'show', name('vm'))), new RegExp((await c.json('volume', 'show', name('data'))).id));
        assert.match(await c.refusal('volume', 'delete', name('data')), /in-use|400|must be available/i);
        await c.openstack('server', 'remove', 'volume', name('vm'), name('data'));
        await volumeIs(name('data'), 'available');
      });

      test('a snapshot is taken of a volume, and makes a larger one', async () => {
        const c = run();
        const snapshotIs = (status: string) => eventually(async () => {
          const now = (await c.json('volume', 'snapshot', 'show', name('snap'))).status;
          if (now !== status) throw new Error(`the snapshot is ${now} instead of ${status}`);
        });
        await c.openstack('volume', 'snapshot', 'create', '--volume', name('data'), '--property', 'of=today', name('snap'));
        await snapshotIs('available');
        await c.openstack('volume', 'create', '--snapshot', name('snap'), '--size', '2', name('copy'));
        await c.openstack('volume', 'snapshot', 'set', '--description', 'as it was', name('snap'));
        const [shown] = await c.json('volume', 'snapshot', 'list', '--long');
        assert.deepEqual([shown.Name, shown.Size, shown.Description, /of.*today/.test(JSON.stringify(shown.Properties))], [name('snap'), 1, 'as it was', true]);
        await volumeIs(name('copy'), 'available');
        assert.match(await c.refusal('volume', 'delete', name('data')), /have snapshots/);
        await c.openstack('volume', 'snapshot', 'delete', name('snap'));
        await eventually(async () => {
          if ((await c.json('volume', 'snapshot', 'list')).length) throw new Error('the snapshot is still there');
        });
        await c.openstack('volume', 'delete', name('copy'));
      });

      test('a server boots from a volume made of an image, which goes with it or stays, as asked', async () => {
        const c = run();
        await c.openstack('server', 'create', '--flavor', 'm1.tiny', '--image', name('image'), '--boot-from-volume', '1', '--network', 'private', '--wait', name('bfv'));
        const shown = await c.json('server', 'show', name('bfv'));
        assert.match(JSON.stringify(shown.image), /booted from volume|^""$|^null$/);
        const volumes: { ID: string; Status: string; Name: string }[] = await c.json('volume', 'list');
        const root = volumes.find((v) => v.Status === 'in-use');
        assert.ok(root, 'the root volume is in use');
        await c.openstack('server', 'delete', '--wait', name('bfv'));
        await volumeIs(root.ID, 'available'); // kept: delete_on_termination was not asked for
        await c.openstack('server', 'create', '--flavor', 'm1.tiny', '--volume', root.ID, '--network', 'private', '--wait', name('again'));
        await c.openstack('server', 'delete', '--wait', name('again'));
        await volumeIs(root.ID, 'available');
        // openstackclient 6 wants an image or a volume beside --block-device; novaclient never did
        if (installed.label.startsWith('Debian')) await c.nova('boot', '--flavor', 'm1.tiny', '--block-device', `id=${root.ID},source=volume,dest=volume,bootindex=0,shutdown=remove`, '--nic', 'net-name=private', '--poll', name('third'));
        else await c.openstack('server', 'create', '--flavor', 'm1.tiny', '--block-device', `uuid=${root.ID},source_type=volume,destination_type=volume,boot_index=0,delete_on_termination=true`, '--network', 'private', '--wait', name('third'));
        await c.openstack('server', 'delete', '--wait', name('third'));
        await eventually(async () => {
          if ((await c.json('volume', 'list')).some((v: { ID: string }) => v.ID === root.ID)) throw new Error('the root volume is still there');
        });
      });

      test('a volume is deleted', async () => {
        const c = run();
        await c.openstack('server', 'delete', '--wait', name('vm'));
        await c.openstack('volume', 'delete', name('data'));
        await eventually(async () => {
          if ((await c.json('volume', 'list')).length) throw new Error('a volume is left');
        });
      });
    });
  }

  test('functions did only what they have a right to', () => assert.deepEqual(cloud.refusedOnAws(), []));
});
