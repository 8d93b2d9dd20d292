import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Api, apiAs } from '../support/api.ts';
import { clientsOf, installedClients } from '../support/clients.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { eventually } from '../support/eventually.ts';
import { waitForServer } from '../support/servers.ts';
import { installerImage } from './image/installer.ts';
import { noGuests } from './needs.ts';

const COMPUTE = '/compute/v2.1';

describe("an operating system that is not ours: Debian's installer, from a CD", { skip: await noGuests() }, () => {
  let cloud: TestCloud;
  let demo: Api;
  before(async () => {
    cloud = await testCloud(undefined, { driver: 'libvirt' });
    demo = await apiAs('demo', cloud.endpoint, cloud.dataDir);
  });
  after(() => cloud?.stop());

  test('it boots as a server, finds its hardware, and configures its network from what the cloud tells it', async (t) => {
    const c = clientsOf(installedClients().at(-1)!, cloud.dataDir);
    const admin = await apiAs('admin', cloud.endpoint, cloud.dataDir);
    await admin.post(`${COMPUTE}/flavors`, { flavor: { name: 'g1.installer', ram: 1024, vcpus: 1, disk: 1 } });
    await c.openstack('image', 'create', 'debian-installer', '--file', await installerImage(), '--disk-format', 'iso', '--container-format', 'bare');
    const began = Date.now();
    await c.openstack('server', 'create', '--flavor', 'g1.installer', '--image', 'debian-installer', '--network', 'private', 'installed');
    const { id } = (await demo.get(`${COMPUTE}/servers?name=^installed$`)).body.servers[0];
    await waitForServer(demo, id, 'ACTIVE', 60);
    const log = await eventually(async () => {
      const { output } = (await demo.post(`${COMPUTE}/servers/${id}/action`, { 'os-getConsoleOutput': {} })).body;
      assert.match(output, /Configuring the network with DHCP[^]*100%/);
      return output as string;
    }, 240);
    t.diagnostic(`at its network ${((Date.now() - began) / 1000).toFixed(0)} s after the command`);
    assert.match(log, /ISOLINUX[^]*Detecting network hardware/);
    assert.doesNotMatch(log, /Network autoconfiguration failed/);
    await c.openstack('server', 'delete', '--wait', 'installed');
  });
});
