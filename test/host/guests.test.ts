/**
 * Real guests on this machine's libvirt, from the commands that people type to the addresses that answer: one cloud, few guests, in the
 * order of a day with them; each test takes the guests as the one before left them.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentPid } from '../support/agent-process.ts';
import { Api, apiAs } from '../support/api.ts';
import { drawn, noBrowser, openBrowser, picture } from '../support/browser.ts';
import { clientsOf, installedClients, runProgram, type Clients } from '../support/clients.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { eventually } from '../support/eventually.ts';
import { waitForServer } from '../support/servers.ts';
import { guestAt, type Guest } from './guest.ts';
import { guestImage } from './image/build.ts';
import { footprint } from './leftovers.ts';
import { noGuests } from './needs.ts';
import { visitInPlaceOf, type Visitor } from './visitor.ts';

const COMPUTE = '/compute/v2.1';
const NETWORK = '/network/v2.0';
const VOLUME = '/volume/v3';
const BOOT_SECONDS = 240; // an emulated guest on a machine that has more to do
const folder = mkdtempSync(join(tmpdir(), 'novaless-guests-'));

describe('guests on libvirt', { skip: await noGuests() }, () => {
  let cloud: TestCloud;
  let demo: Api;
  let admin: Api;
  let other: Api;
  let c: Clients;
  let visitor: Visitor;
  let strangers: Visitor;
  let first: { id: string; guest: Guest };
  let second: { id: string; guest: Guest };
  let group: string;
  let volume: string;
  let key: string;
  const servers: string[] = [];

  before(async () => {
    const [image] = await Promise.all([guestImage(), (async () => { cloud = await testCloud(undefined, { driver: 'libvirt' }); })()]);
    c = clientsOf(installedClients().at(-1)!, cloud.dataDir);
    [demo, admin] = await Promise.all([apiAs('demo', cloud.endpoint, cloud.dataDir), apiAs('admin', cloud.endpoint, cloud.dataDir)]);
    const flavor = await admin.post(`${COMPUTE}/flavors`, { flavor: { name: 'g1.tiny', ram: 128, vcpus: 1, disk: 1 } });
    assert.equal(flavor.status, 200, JSON.stringify(flavor.body));
    await runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'me@here', '-f', join(folder, 'key')], {});
    key = readFileSync(join(folder, 'key.pub'), 'utf8').trim();
    writeFileSync(join(folder, 'user-data'), '#!/bin/sh\necho "user data on $(hostname)" | tee -a /state/greeting\nexit 7\n');
    await c.openstack('image', 'create', 'centos7', '--file', image, '--disk-format', 'qcow2', '--container-format', 'bare', '--property', 'hw_cdrom_bus=scsi'); // its kernel knows no SATA
    await c.openstack('keypair', 'create', '--public-key', join(folder, 'key.pub'), 'my_key');
    await c.openstack('security', 'group', 'create', 'norprod_sec_grp');
    await c.openstack('security', 'group', 'rule', 'create', '--proto', 'icmp', 'norprod_sec_grp');
    await c.openstack('security', 'group', 'rule', 'create', '--proto', 'tcp', '--dst-port', '8080', 'norprod_sec_grp');
    group = (await demo.get(`${NETWORK}/security-groups?name=norprod_sec_grp`)).body.security_groups[0].id;
  }, { timeout: 180_000 });
  after(async () => {
    await visitor?.leave();
    await strangers?.leave();
    await cloud?.stop();
    rmSync(folder, { recursive: true });
  });

  const addressOf = async (id: string): Promise<string> => (await demo.get(`${NETWORK}/ports?device_id=${id}`)).body.ports[0].fixed_ips[0].ip_address;
  const idOf = async (name: string): Promise<string> => {
    const { id } = (await demo.get(`${COMPUTE}/servers?name=^${name}$`)).body.servers[0];
    servers.push(id);
    return id;
  };
  const action = async (id: string, body: object) => assert.equal((await demo.post(`${COMPUTE}/servers/${id}/action`, body)).status, 202);

  /** A day's next part; after one that failed, the others would only tell of that again. */
  let failed: string | undefined;
  function then(name: string, options: { skip: string | false } | ((t: TestContext) => Promise<void>), work = options as (t: TestContext) => Promise<void>) {
    return test(name, typeof options === 'function' ? {} : options, async (t) => {
      if (failed) throw new Error(`"${failed}" failed before`);
      failed = name;
      try {
        await work(t);
      } catch (error) {
        await screens(t).catch((second: unknown) => t.diagnostic(`no screens: ${String(second)}`));
        throw error;
      }
      failed = undefined;
    });
  }
  /** What the guests last said, for whoever asks why a part failed. */
  async function screens(t: TestContext): Promise<void> {
    for (const { id, name, status } of (await admin.get(`${COMPUTE}/servers/detail?all_tenants=1`)).body.servers) {
      const { body } = await admin.post(`${COMPUTE}/servers/${id}/action`, { 'os-getConsoleOutput': { length: 15 } });
      t.diagnostic(`${name}, ${status}: ${body.output ?? JSON.stringify(body)}`);
    }
  }

  then('a server boots from the commands that people know, in a minute has its address and answers', async (t) => {
    const { id: network } = (await demo.get(`${NETWORK}/networks?name=private`)).body.networks[0];
    await c.openstack('server', 'create', '--flavor', 'g1.tiny', '--image', 'centos7', '--network', 'private', 'seat');
    const began = Date.now();
    await c.openstack('server', 'create', '--flavor', 'm1.small', '--image', 'centos7', '--network', 'private', '--security-group', 'norprod_sec_grp',
      '--key-name', 'my_key', '--config-drive', 'True', '--user-data', join(folder, 'user-data'), 'stack_testvm');
    const seat = await idOf('seat');
    await waitForServer(demo, seat, 'ACTIVE', BOOT_SECONDS);
    await action(seat, { pause: null });
    await waitForServer(demo, seat, 'PAUSED');
    visitor = await visitInPlaceOf(demo, seat);
    const id = await idOf('stack_testvm');
    await waitForServer(demo, id, 'ACTIVE', BOOT_SECONDS);
    t.diagnostic(`ACTIVE ${((Date.now() - began) / 1000).toFixed(1)} s after its command`);
    first = { id, guest: guestAt(visitor, await addressOf(id)) };
    await eventually(async () => assert.ok(await visitor.pings(first.guest.address)), BOOT_SECONDS);
    t.diagnostic(`answers a ping ${((Date.now() - began) / 1000).toFixed(1)} s after its command`);

    await c.nova('boot', '--flavor', 'g1.tiny', '--image', 'centos7', '--nic', `net-id=${network}`, '--security-group', 'norprod_sec_grp', '--key-name', 'my_key', '--poll', 'nova_testvm');
    const nova = await idOf('nova_testvm');
    second = { id: nova, guest: guestAt(visitor, await addressOf(nova)) };
  });

  then('the guest has the address that neutron gave it, its host name and key from config drive and metadata service alike, and ran its user data', async () => {
    const [told, { body: { ports: [port] } }, server] = [await first.guest.ready(BOOT_SECONDS, ({ metadata }) => metadata.present), await demo.get(`${NETWORK}/ports?device_id=${first.id}`), (await demo.get(`${COMPUTE}/servers/${first.id}`)).body.server];
    const { network } = (await demo.get(`${NETWORK}/networks/${port.network_id}`)).body;
    assert.deepEqual(told.interfaces, { eth0: { mac: port.mac_address, mtu: network.mtu, address: `${port.fixed_ips[0].ip_address}/22` } });
    assert.match(told.routes, /default via 10\.0\.0\.1/);
    assert.equal(told.hostname.split('.')[0], 'stack-testvm');
    assert.deepEqual([told['config-drive'], told.metadata], [{ present: true, key }, { present: true, key }]);
    assert.equal(told.authorized_keys, key);
    assert.deepEqual(told.user_data, { of: first.id, exit: '7', output: `user data on ${told.hostname}` });
    assert.ok(told.memory_kb > 1.8 * 1024 * 1024 && told.cpus === 1, 'the flavor is what the guest has');
    assert.equal(told.disks['vda']?.bytes, 20 * 1024 ** 3);

    const [drive, service] = [JSON.parse(await first.guest.document('config-drive/openstack/latest/meta_data.json')), JSON.parse(await first.guest.document('metadata/openstack/latest/meta_data.json'))];
    for (const meta of [drive, service]) assert.deepEqual([meta.uuid, meta.name, meta.public_keys.my_key.trim(), meta.project_id], [first.id, 'stack_testvm', key, server.tenant_id]);
    const networkData = JSON.parse(await first.guest.document('config-drive/openstack/latest/network_data.json'));
    assert.equal(networkData.links[0].ethernet_mac_address, port.mac_address);
    assert.equal(await first.guest.document('metadata/latest/meta-data/local-ipv4'), port.fixed_ips[0].ip_address);
    assert.match(await first.guest.document('metadata/latest/meta-data/public-keys/0/openssh-key'), new RegExp(key.split(' ')[1]!.replaceAll('+', '\\+')));
  });

  then('two guests of a network reach each other', async (t) => {
    const told = await second.guest.ready(BOOT_SECONDS, ({ metadata }) => metadata.present);
    assert.equal(told.hostname.split('.')[0], 'nova-testvm');
    assert.match(await first.guest.run(`ping -c 2 -W 2 ${second.guest.address}`), /2 packets received/);
    assert.match(await second.guest.run(`ping -c 2 -W 2 ${first.guest.address}`), /2 packets received/);
    const memory = (pid: number | string) => `${Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024)} MB`;
    const qemu = ({ id }: { id: string }) => memory(readFileSync(`/run/libvirt/qemu/instance-${id}.pid`, 'utf8').trim());
    t.diagnostic(`memory: ${qemu(first)} of the guest with 2048 MB, ${qemu(second)} of the guest with 128 MB, ${memory(agentPid(cloud))} of the agent`);
  });

  then('a port that the security group closes is closed, and opened or closed within two seconds of its rule', async (t) => {
    const open = () => visitor.connects(first.guest.address, 80);
    assert.equal(await open(), false, 'no rule, no way in');
    const timed = async (change: () => Promise<void>, wanted: boolean) => {
      await change();
      const began = Date.now();
      await eventually(async () => assert.equal(await open(), wanted), 30);
      return Date.now() - began;
    };
    let times: number[] = [];
    for (const round of ['the first, with functions that just start,', 'the second']) {
      let rule = '';
      times = [
        await timed(async () => {
          const made = await demo.post(`${NETWORK}/security-group-rules`, { security_group_rule: { security_group_id: group, direction: 'ingress', protocol: 'tcp', port_range_min: 80, port_range_max: 80 } });
          assert.equal(made.status, 201);
          rule = made.body.security_group_rule.id;
        }, true),
        await timed(async () => assert.equal((await demo.delete(`${NETWORK}/security-group-rules/${rule}`)).status, 204), false),
      ];
      t.diagnostic(`${round} opened and closed ${times.join(' and ')} ms after the rule's change`);
    }
    assert.ok(times.every((ms) => ms < 2800), times.join()); // the look itself takes up to 0.8 s
    assert.ok(await visitor.pings(first.guest.address), 'what other rules allow goes on');
  });

  then("the boot is read on the server's console log", async () => {
    await eventually(async () => {
      const log = await c.openstack('console', 'log', 'show', 'stack_testvm');
      assert.match(log, /Linux version [^]*guest: boot 1[^]*stack-testvm\S* is ready/);
      assert.match(log, /login:/);
    });
    assert.match(await c.openstack('console', 'log', 'show', '--lines', '3', 'stack_testvm'), /^([^\n]*\n){1,4}$/);
  });

  then("a browser shows the guest's login prompt at the console's address and types into it; a used address is refused", { skip: noBrowser }, async (t) => {
    const browser = await openBrowser(t);
    const page = await browser.page();
    const { url } = await c.json('console', 'url', 'show', '--novnc', 'stack_testvm');
    await page.goto(url);
    await page.getByText(/^Connected/).waitFor();
    const prompt = await eventually(async () => {
      const screen = await drawn(page);
      assert.ok(screen && screen.width === 720 && screen.light > 2000, `text on the screen: ${JSON.stringify(screen)}`);
      return screen;
    });
    await picture(page, 'guest-login');
    await page.locator('canvas').click();
    // A guest drops keys while it is too busy for them, or while login takes the terminal over; a person types the line again, and so does this.
    await eventually(async () => {
      for (const line of ['root\n', 'touch /run/typed; clear\n']) {
        await page.keyboard.type(line, { delay: 100 });
        await sleep(1500);
      }
      await eventually(async () => assert.match(await first.guest.run('ls /run'), /^typed$/m), 5);
    }, 90);
    await eventually(async () => assert.ok((await drawn(page))!.light < prompt.light / 2, 'the screen was cleared'));
    await picture(page, 'guest-shell');
    const again = await browser.page();
    await again.goto(url);
    await again.getByText(/refused the connection/).waitFor();
  });

  then('what is written on a volume is read by the next guest that has it', async () => {
    volume = (await c.json('volume', 'create', '--size', '1', 'data')).id;
    const is = (status: string) => eventually(async () => assert.equal((await demo.get(`${VOLUME}/volumes/${volume}`)).body.volume.status, status));
    const disk = ({ guest }: { guest: Guest }) => eventually(async () => {
      const disks = Object.entries((await guest.report()).disks).filter(([, { serial }]) => serial && volume.startsWith(serial));
      assert.equal(disks.length, 1);
      return `/dev/${disks[0]![0]}`;
    });
    await is('available');
    await c.openstack('server', 'add', 'volume', 'stack_testvm', 'data');
    await is('in-use');
    const there = await disk(first);
    await first.guest.run(`mke2fs ${there} > /dev/null && mount -t ext4 ${there} /mnt && echo "kept" > /mnt/note && umount /mnt`);
    await c.openstack('server', 'remove', 'volume', 'stack_testvm', 'data');
    await is('available');
    await eventually(async () => assert.equal(Object.keys((await first.guest.report()).disks).includes(there.slice(5)), false, 'the disk is gone from the guest'));
    await c.openstack('server', 'add', 'volume', 'nova_testvm', 'data');
    await is('in-use');
    assert.equal(await second.guest.run(`mount -t ext4 ${await disk(second)} /mnt && cat /mnt/note && umount /mnt`), 'kept\n');
    await c.openstack('server', 'remove', 'volume', 'nova_testvm', 'data');
    await is('available');
  });

  then('an interface comes and goes with a guest that runs', async () => {
    const { body: { network } } = await demo.post(`${NETWORK}/networks`, { network: { name: 'second' } });
    await demo.post(`${NETWORK}/subnets`, { subnet: { network_id: network.id, ip_version: 4, cidr: '192.168.77.0/24' } });
    const added = await demo.post(`${COMPUTE}/servers/${second.id}/os-interface`, { interfaceAttachment: { net_id: network.id } });
    assert.equal(added.status, 200, JSON.stringify(added.body));
    const { port_id, fixed_ips: [{ ip_address }] } = added.body.interfaceAttachment;
    await eventually(async () => assert.deepEqual(Object.values((await second.guest.report()).interfaces).map(({ address }) => address).sort(), [`${second.guest.address}/22`, `${ip_address}/24`].sort()));
    assert.equal((await demo.delete(`${COMPUTE}/servers/${second.id}/os-interface/${port_id}`)).status, 202);
    await eventually(async () => assert.equal(Object.keys((await second.guest.report()).interfaces).length, 1));
    await eventually(async () => assert.equal((await demo.delete(`${NETWORK}/networks/${network.id}`)).status, 204));
  });

  then("a guest goes on, and is looked after, when the host's agent is killed and comes back", async () => {
    const before = await second.guest.report();
    const pid = agentPid(cloud);
    process.kill(pid, 'SIGKILL');
    await eventually(async () => assert.notEqual(agentPid(cloud), pid), 60);
    const later = await second.guest.report();
    assert.ok(later.uptime > before.uptime && later.boots === before.boots);
    await action(second.id, { reboot: { type: 'SOFT' } });
    await eventually(async () => assert.equal((await second.guest.report()).boots, before.boots + 1), BOOT_SECONDS);
    await waitForServer(demo, second.id, 'ACTIVE', BOOT_SECONDS);
    assert.match(await (await second.guest.ready(BOOT_SECONDS, ({ metadata }) => metadata.present)).hostname, /^nova-testvm/);
  });

  then('a server stops, and starts with its disk as it was and its user data not run again', async () => {
    await c.openstack('server', 'stop', 'stack_testvm');
    await waitForServer(demo, first.id, 'SHUTOFF', BOOT_SECONDS);
    assert.equal(await visitor.pings(first.guest.address), false);
    assert.match(await c.openstack('console', 'log', 'show', 'stack_testvm'), /guest: power button/);
    await c.openstack('server', 'start', 'stack_testvm');
    await waitForServer(demo, first.id, 'ACTIVE', BOOT_SECONDS);
    const told = await eventually(async () => first.guest.ready(1), BOOT_SECONDS);
    assert.equal(told.boots, 2);
    assert.equal(await first.guest.run('cat /state/greeting'), `user data on ${told.hostname}\n`);
  });

  then('a server that is shut down from inside is SHUTOFF within a minute', async (t) => {
    await second.guest.run('poweroff');
    const began = Date.now();
    await waitForServer(demo, second.id, 'SHUTOFF', 60);
    t.diagnostic(`${((Date.now() - began) / 1000).toFixed(1)} s`);
  });

  then("another project's network with the same addresses is another network; a guest boots from a volume there", async () => {
    const { body: { project } } = await admin.post('/identity/v3/projects', { project: { name: 'other', domain_id: 'default' } });
    const { body: { user } } = await admin.post('/identity/v3/users', { user: { name: 'other', password: 'other-password-1', domain_id: 'default' } });
    const { body: { roles: [member] } } = await admin.get('/identity/v3/roles?name=member');
    await admin.put(`/identity/v3/projects/${project.id}/users/${user.id}/roles/${member.id}`);
    other = new Api(cloud.endpoint);
    assert.equal((await other.login('other', 'other-password-1', 'other')).status, 201);
    const { body: { network } } = await other.post(`${NETWORK}/networks`, { network: { name: 'private' } });
    await other.post(`${NETWORK}/subnets`, { subnet: { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/22', gateway_ip: '10.0.0.1' } });
    const { body: { security_groups: [theirs] } } = await other.get(`${NETWORK}/security-groups?name=default`);
    for (const security_group_rule of [{ protocol: 'icmp' }, { protocol: 'tcp', port_range_min: 8080, port_range_max: 8080 }]) {
      assert.equal((await other.post(`${NETWORK}/security-group-rules`, { security_group_rule: { security_group_id: theirs.id, direction: 'ingress', ...security_group_rule } })).status, 201);
    }
    await admin.request('PATCH', `/image/v2/images/${(await demo.get('/image/v2/images?name=centos7')).body.images[0].id}`, [{ op: 'replace', path: '/visibility', value: 'public' }], { 'Content-Type': 'application/openstack-images-v2.1-json-patch' });
    const image = (await other.get('/image/v2/images?name=centos7')).body.images[0].id;
    const flavor = (await other.get(`${COMPUTE}/flavors`)).body.flavors.find(({ name }: { name: string }) => name === 'g1.tiny').id;
    const launch = async (name: string, more: object) => {
      const made = await other.post(`${COMPUTE}/servers`, { server: { name, flavorRef: flavor, ...more } });
      assert.equal(made.status, 202, JSON.stringify(made.body));
      servers.push(made.body.server.id);
      return made.body.server.id as string;
    };
    // The first guest's address, in a network of their own.
    const [twin, seat] = await Promise.all([
      launch('twin', {
        networks: [{ uuid: network.id, fixed_ip: first.guest.address }],
        block_device_mapping_v2: [{ boot_index: 0, source_type: 'image', destination_type: 'volume', uuid: image, volume_size: 1, delete_on_termination: false }],
      }),
      launch('seat', { imageRef: image, networks: [{ uuid: network.id }] }),
    ]);
    await waitForServer(other, seat, 'ACTIVE', BOOT_SECONDS);
    await other.post(`${COMPUTE}/servers/${seat}/action`, { pause: null });
    await waitForServer(other, seat, 'PAUSED');
    strangers = await visitInPlaceOf(other, seat);
    await waitForServer(other, twin, 'ACTIVE', BOOT_SECONDS);
    const guest = guestAt(strangers, first.guest.address);
    const told = await guest.ready(BOOT_SECONDS, ({ metadata }) => metadata.present);
    assert.equal(told.hostname.split('.')[0], 'twin');
    assert.match((await first.guest.report()).hostname, /^stack-testvm/);
    assert.equal(JSON.parse(await guest.document('metadata/openstack/latest/meta_data.json')).uuid, twin);
    await assert.rejects(guest.run(`ping -c 2 -W 1 ${visitor.address}`), 'nobody of the first network answers in the second one');
    const { body: { volumes: [root] } } = await other.get(`${VOLUME}/volumes/detail`);
    assert.equal(told.disks['vda']?.bytes, 1024 ** 3);
    assert.ok(root.id.startsWith(told.disks['vda'].serial));

    // The disk outlives its server, with all that was written on it.
    await other.delete(`${COMPUTE}/servers/${twin}`);
    await eventually(async () => {
      assert.equal((await other.get(`${VOLUME}/volumes/${root.id}`)).body.volume.status, 'available');
      assert.equal((await other.get(`${COMPUTE}/servers/${twin}`)).status, 404, 'the address is free once the server is gone');
    }, 60);
    const heir = await launch('heir', { networks: [{ uuid: network.id, fixed_ip: first.guest.address }], block_device_mapping_v2: [{ boot_index: 0, source_type: 'volume', destination_type: 'volume', uuid: root.id, delete_on_termination: true }] });
    await waitForServer(other, heir, 'ACTIVE', BOOT_SECONDS);
    assert.equal((await eventually(async () => guest.ready(1), BOOT_SECONDS)).boots, told.boots + 1);
  });

  then('after delete nothing is left: no guest, disk, namespace, interface, DHCP server, port, address, volume or claim', async () => {
    await Promise.all([visitor.leave(), strangers.leave()]);
    await c.openstack('server', 'delete', '--wait', 'stack_testvm', 'nova_testvm', 'seat');
    await c.openstack('volume', 'delete', 'data');
    const { body: { servers } } = await other.get(`${COMPUTE}/servers`);
    await Promise.all(servers.map(({ id }: { id: string }) => other.delete(`${COMPUTE}/servers/${id}`)));
    for (const api of [demo, other]) {
      await eventually(async () => {
        assert.deepEqual((await api.get(`${COMPUTE}/servers`)).body.servers, []);
        assert.deepEqual((await api.get(`${VOLUME}/volumes`)).body.volumes, []);
        assert.deepEqual((await api.get(`${NETWORK}/ports`)).body.ports, []);
      }, 60);
    }
    const { body: { hypervisors: [host] } } = await eventually(async () => {
      const answer = await admin.get(`${COMPUTE}/os-hypervisors/detail`);
      assert.equal(answer.body.hypervisors[0].running_vms, 0);
      return answer;
    }, 90);
    assert.deepEqual([host.vcpus_used, host.memory_mb_used, host.local_gb_used], [0, 0, 0]);
    await eventually(async () => {
      for (const [kind, left] of Object.entries(await footprint(cloud, servers))) assert.deepEqual(left, [], kind);
    });
  });
});
