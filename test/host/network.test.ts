import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dhcpServers } from '../../agent/network/dhcp.ts';
import { run } from '../../agent/run.ts';
import { eventually } from '../support/eventually.ts';
import { allowAll, connection, dhcp, dhcp6, dnsmasqs, egressAll, framesThatReach, type Guest, ingress, networkRig, pings, reasonToSkip, serveEcho, subnet4, vifOf } from './network-rig.ts';

const skip = (await reasonToSkip()) ?? false;
const open = [...egressAll, ingress(null), { direction: 'ingress' as const, ethertype: 'IPv6', ...allowAll }];
const addressOf = ({ vif }: Guest, version = 4) => vif.fixed_ips.find((each) => each.version === version)!.ip_address;

test('a guest gets by DHCP its own address, its routes, name servers, MTU and host name, and nobody else gets one', { skip }, async (t) => {
  const rig = networkRig(t);
  const network_id = randomUUID();
  const a = await rig.guest(vifOf(network_id, 5));
  await rig.network.prepare(a.uuid, a.vif);
  await a.makeTap();
  await rig.network.plug(a.uuid, a.vif);
  const lease = await dhcp(a, rig.folder);
  assert.deepEqual(
    [lease?.['ip'], lease?.['mask'], lease?.['router'], lease?.['dns'], lease?.['mtu'], lease?.['hostname'], lease?.['lease'], lease?.['staticroutes']],
    ['10.9.0.5', '24', '10.9.0.1', '192.0.2.53', '1442', 'a-guest', '86400', '169.254.169.254/32 0.0.0.0 0.0.0.0/0 10.9.0.1 192.0.2.0/24 10.9.0.77'],
  );
  assert.equal(lease?.['msstaticroutes'], lease?.['staticroutes'], 'as older Windows asks for them');

  await t.test('and of IPv6, where router advertisements send it', async () => {
    assert.deepEqual(await dhcp6(a, rig.folder), { address: 'fd00:9::5', nameServers: 'fd00:9::53' });
    const routes = async () => a.run('ip', '-6', 'route');
    for (let tries = 0; tries < 100 && !(await routes()).includes('fd00:9::/64'); tries++) await sleep(50);
    assert.match(await routes(), /^fd00:9::\/64 dev eth0 proto kernel/m);
    assert.doesNotMatch(await routes(), /^default/m);
  });
  await t.test('a guest with another MAC than its port hears nothing', async () => {
    await a.run('ip', 'link', 'set', 'eth0', 'address', 'fa:16:3e:99:99:99');
    assert.equal(await dhcp(a, rig.folder), undefined);
    await a.run('ip', 'link', 'set', 'eth0', 'address', a.vif.mac_address);
  });
  await t.test('a port of the network without DHCP hears nothing', async () => {
    const silent = await rig.guest(vifOf(network_id, 6, { fixed_ips: [{ ...subnet4, ip_address: '10.9.0.6', enable_dhcp: false }] }));
    await rig.network.prepare(silent.uuid, silent.vif);
    await silent.makeTap();
    await rig.network.plug(silent.uuid, silent.vif);
    assert.equal(await dhcp(silent, rig.folder), undefined);
  });
  await t.test('the address goes to another port at once when its port is gone', async () => {
    await rig.network.unplug(a.vif.port_id);
    const next = await rig.guest(vifOf(network_id, 5));
    await rig.network.prepare(next.uuid, next.vif);
    await next.makeTap();
    await rig.network.plug(next.uuid, next.vif);
    assert.equal((await dhcp(next, rig.folder))?.['ip'], '10.9.0.5');
  });
});

test('a guest hears its metadata, by IPv4 and IPv6, and only its own', { skip }, async (t) => {
  const rig = networkRig(t);
  const network_id = randomUUID();
  const a = await (await rig.guest(vifOf(network_id, 5), { name: 'first', key_name: 'k', key_data: 'ssh-ed25519 AAAA k', user_data: Buffer.from('#!/bin/sh\n').toString('base64') })).start();
  const b = await (await rig.guest(vifOf(network_id, 6), { name: 'second' })).start();
  const get = (guest: Guest, path: string, ...args: string[]) => guest.run('curl', '-sS', '-m', '5', ...args, `http://169.254.169.254${path}`);
  for (const guest of [a, b]) await guest.run('ip', 'route', 'add', '169.254.169.254/32', 'dev', 'eth0');
  const nameOf = async (guest: Guest) => (JSON.parse(await get(guest, '/openstack/latest/meta_data.json')) as { name: string }).name;
  assert.deepEqual([await nameOf(a), await nameOf(b)], ['first', 'second']);
  assert.equal(await get(a, '/openstack/latest/user_data'), '#!/bin/sh\n');
  assert.equal(await get(a, '/latest/meta-data/public-keys/'), '0=k');
  assert.equal(await get(a, '/latest/meta-data/public-keys/0/openssh-key'), 'ssh-ed25519 AAAA k');
  assert.equal(await get(a, '/latest/meta-data/local-ipv4'), '10.9.0.5');
  assert.equal(await get(b, '/openstack/latest/user_data', '-o', '/dev/null', '-w', '%{http_code}'), '404');
  assert.match(await get(b, '/openstack/latest/meta_data.json', '-H', 'X-Forwarded-For: 10.9.0.5', '-H', `X-Instance-ID: ${a.uuid}`), /second/);
  assert.equal(await get(a, '/', '-X', 'POST', '-o', '/dev/null', '-w', '%{http_code}'), '405');
  assert.match(await a.run('curl', '-sS', '-m', '5', 'http://[fe80::a9fe:a9fe%25eth0]/openstack/latest/meta_data.json'), /first/);

  await t.test('and what changed, and after a restart of the agent too', async () => {
    rig.sources.set(a.uuid, { ...rig.sources.get(a.uuid)!, name: 'renamed' });
    assert.equal(await nameOf(a), 'renamed');
    await rig.restart();
    assert.deepEqual([await nameOf(a), await nameOf(b)], ['renamed', 'second']);
  });
  await t.test('a guest without port security reads no other\'s, whatever it says who it is', async () => {
    await rig.network.refresh(a.uuid, { ...a.vif, port_security: false, security_rules: [] });
    assert.equal(await nameOf(a), 'renamed');
    await a.run('ip', 'addr', 'add', '10.9.0.6/32', 'dev', 'eth0');
    await a.run('busybox', 'arping', '-c', '2', '-U', '-I', 'eth0', '10.9.0.6');
    assert.equal(await get(a, '/', '--interface', '10.9.0.6', '-m', '1').then(() => true, () => false), false);
    assert.equal(await nameOf(b), 'second');
    await a.run('ip', 'link', 'set', 'eth0', 'address', b.vif.mac_address);
    await a.run('ping', '-c1', '-W1', '10.9.0.77').catch(() => {});
    assert.equal(await get(a, '/', '--interface', '10.9.0.6', '-m', '1').then(() => true, () => false), false);
    assert.equal(await nameOf(b), 'second');
    await a.run('ip', 'link', 'set', 'eth0', 'address', a.vif.mac_address);
    await a.run('ip', 'addr', 'delete', '10.9.0.6/32', 'dev', 'eth0');
    await a.run('ip', 'route', 'replace', '169.254.169.254/32', 'dev', 'eth0');
    await rig.network.refresh(a.uuid, a.vif);
  });
  await t.test('a guest whose address was a port\'s before, that is still here though it should be gone, gets its own', async () => {
    const stale = await (await rig.guest(vifOf(network_id, 8), { name: 'of another project' })).start();
    await stale.delete();
    const now = await (await rig.guest(vifOf(network_id, 8), { name: 'third' })).start();
    await now.run('ip', 'route', 'add', '169.254.169.254/32', 'dev', 'eth0');
    assert.equal(await nameOf(now), 'third');
  });
  await t.test('a guest that opens all the connections that it can keeps nobody else from theirs', async () => {
    await a.run('busybox', 'sh', '-c', 'for i in $(seq 300); do (sleep 5 | busybox nc 169.254.169.254 80 > /dev/null 2>&1 &) ; done; sleep 1');
    assert.equal(await nameOf(b), 'second');
  });
  await t.test('nothing else answers in the network or on the host', async () => {
    for (const port of ['22', '53', '8080']) assert.equal(await a.run('curl', '-s', '-m', '1', `http://169.254.169.254:${port}/`).then(() => true, () => false), false);
    await a.run('ip', 'route', 'add', 'default', 'via', '169.254.169.254', 'dev', 'eth0', 'onlink');
    for (const [address] of [['127.0.0.1'], ...Object.values((await import('node:os')).networkInterfaces()).flatMap((each) => each ?? []).filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => [address])]) {
      assert.equal(address !== '127.0.0.1' && (await pings(a, address!)), false, `${address} answers`);
    }
  });
});

test('two networks with the same addresses don\'t reach each other', { skip }, async (t) => {
  const rig = networkRig(t);
  const [one, other] = [randomUUID(), randomUUID()];
  const a = await (await rig.guest(vifOf(one, 5, { security_rules: open }))).start();
  const b = await (await rig.guest(vifOf(one, 6, { security_rules: open }))).start();
  const c = await (await rig.guest(vifOf(other, 5, { security_rules: open }), { name: 'third' })).start();
  const d = await (await rig.guest(vifOf(other, 7, { security_rules: open }))).start();
  assert.deepEqual(await Promise.all([pings(a, addressOf(b)), pings(a, addressOf(b, 6)), pings(c, addressOf(d))]), [true, true, true]);
  assert.deepEqual(await Promise.all([pings(a, addressOf(d)), pings(c, addressOf(b))]), [false, false]);
  assert.equal((await rig.namespaces()).length, 2);
});

test('a guest that uses another\'s MAC or address, or plays router or DHCP server, is not heard', { skip }, async (t) => {
  const rig = networkRig(t);
  const network_id = randomUUID();
  const a = await (await rig.guest(vifOf(network_id, 5, { security_rules: open, allowed_address_pairs: [{ ip_address: '10.9.0.128/25', mac_address: 'fa:16:3e:00:00:77' }] }))).start();
  const b = await (await rig.guest(vifOf(network_id, 6, { security_rules: open }))).start();
  assert.equal(await pings(a, addressOf(b)), true);
  const from = (source: string, to = addressOf(b)) => a.run('ping', '-c1', '-W1', '-I', source, to).then(() => true, () => false);

  await t.test('IP', async () => {
    await a.run('ip', 'addr', 'add', '10.9.0.9/24', 'dev', 'eth0');
    await a.run('ip', 'addr', 'add', 'fd00:9::9/64', 'dev', 'eth0', 'nodad');
    await b.run('ip', 'neigh', 'replace', '10.9.0.9', 'lladdr', a.vif.mac_address, 'dev', 'eth0');
    await b.run('ip', 'neigh', 'replace', 'fd00:9::9', 'lladdr', a.vif.mac_address, 'dev', 'eth0');
    assert.deepEqual([await from('10.9.0.5'), await from('fd00:9::5', addressOf(b, 6))], [true, true]);
    assert.deepEqual([await from('10.9.0.9'), await from('fd00:9::9', addressOf(b, 6))], [false, false]);
    for (const address of ['10.9.0.9', 'fd00:9::9']) await b.run('ip', 'neigh', 'delete', address, 'dev', 'eth0');
  });
  await t.test('ARP and neighbor advertisements', async () => {
    await b.run('ip', 'neigh', 'flush', 'all');
    await a.run('busybox', 'arping', '-c', '1', '-U', '-I', 'eth0', '10.9.0.9');
    assert.deepEqual([await pings(b, '10.9.0.9'), await pings(b, 'fd00:9::9')], [false, false]);
    const neighbors = await b.run('ip', 'neigh');
    assert.doesNotMatch(neighbors, new RegExp(`(10\\.9\\.0\\.9|fd00:9::9) .*${a.vif.mac_address}`));
  });
  await t.test('MAC', async () => {
    await a.run('ip', 'link', 'set', 'eth0', 'address', 'fa:16:3e:00:00:78');
    assert.equal(await from('10.9.0.5'), false);
  });
  await t.test('but allowed address pairs are its own', async () => {
    await a.run('ip', 'link', 'set', 'eth0', 'address', 'fa:16:3e:00:00:77');
    await a.run('ip', 'addr', 'add', '10.9.0.200/24', 'dev', 'eth0');
    await b.run('ip', 'neigh', 'flush', 'all');
    assert.equal(await from('10.9.0.200'), true);
    await a.run('ip', 'link', 'set', 'eth0', 'address', a.vif.mac_address);
  });
  const unwelcome = {
    'a tagged frame': '81000007' + '0800' + ipv4(17, '0016' + '0016' + '0008' + '0000'),
    'another protocol': '88cc' + '00'.repeat(46),
    'a DHCP server\'s answer': '0800' + ipv4(17, '0043' + '0044' + '0008' + '0000'),
    'a router advertisement': '86dd' + ipv6(58, `86${'00'.repeat(15)}`),
    'a neighbor advertisement of another\'s address': '86dd' + ipv6(58, `88000000${'20000000'}fd000009${'00'.repeat(11)}09`),
  };
  await t.test(`${Object.keys(unwelcome).join(', ')}`, async () => {
    const plain = '0800' + ipv4(17, '0016' + '0016' + '0008' + '0000');
    assert.deepEqual(await framesThatReach(a, b, [plain, ...Object.values(unwelcome)]), [plain]);
  });
  await t.test('without port security all of it is heard', async () => {
    const free = { ...a.vif, port_security: false, security_rules: [] };
    await rig.network.refresh(a.uuid, free);
    assert.equal(await from('10.9.0.9'), true);
    const tagged = unwelcome['a tagged frame'];
    assert.deepEqual(await framesThatReach(a, b, [tagged, unwelcome['a router advertisement']]), [unwelcome['a router advertisement']], 'but the receiver has its own');
  });
});

const sum = (hex: string) => {
  let total = 0;
  for (const [word] of hex.matchAll(/.{4}/g)) total += Number.parseInt(word, 16);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return (0xffff - total).toString(16).padStart(4, '0');
};
const size = (hex: string, more = 0) => (hex.length / 2 + more).toString(16).padStart(4, '0');
/** From 10.9.0.5 to 10.9.0.6, from fd00:9::5 to fd00:9::6. */
function ipv4(protocol: number, payload: string): string {
  const [start, end] = [`4500${size(payload, 20)}0000000040${protocol.toString(16).padStart(2, '0')}`, '0a0900050a090006'];
  return start + sum(start + end) + end + payload;
}
function ipv6(protocol: number, payload: string): string {
  const addresses = `fd000009${'00'.repeat(11)}05fd000009${'00'.repeat(11)}06`;
  const checksum = sum(`${addresses}0000${size(payload)}000000${protocol.toString(16).padStart(2, '0')}${payload}`);
  return `60000000${size(payload)}${protocol.toString(16).padStart(2, '0')}ff${addresses}${payload.slice(0, 4)}${checksum}${payload.slice(8)}`;
}

test('a security group opens and closes what its rules say, on a running guest, for connections under way too', { skip }, async (t) => {
  const rig = networkRig(t);
  const network_id = randomUUID();
  const a = await (await rig.guest(vifOf(network_id, 5))).start();
  const b = await (await rig.guest(vifOf(network_id, 6))).start();
  await serveEcho(b, 80);
  await serveEcho(b, 81);
  await serveEcho(a, 80);
  const rules = (...more: typeof egressAll) => rig.network.refresh(b.uuid, { ...b.vif, security_rules: [...egressAll, ...more] });
  const reaches = (port: number) => connection(a, addressOf(b), port)(randomUUID(), 700);

  assert.deepEqual([await pings(a, addressOf(b)), await reaches(80)], [false, false], 'closed without rules');
  await rules(ingress('tcp', 80));
  assert.deepEqual([await pings(a, addressOf(b)), await reaches(80), await reaches(81)], [false, true, false], 'one port');

  const long = connection(a, addressOf(b), 80);
  assert.equal(await long('before'), true);
  await rules(ingress('tcp', 80), ingress('icmp', 8, 0));
  assert.deepEqual([await pings(a, addressOf(b)), await long('between')], [true, true], 'another rule leaves a connection');
  await rules(ingress('icmp'));
  assert.equal(await long('after', 1000), false, 'a rule taken away ends a connection');
  assert.equal(await pings(a, addressOf(b)), true);

  await rules(ingress('tcp', 80, 81), { ...ingress('icmp', 8), remote_ip_prefix: '10.9.0.64/26' });
  assert.deepEqual([await pings(a, addressOf(b)), await reaches(81)], [false, true], 'ranges and prefixes');
  assert.equal(await connection(b, addressOf(a), 80)('outward', 700), false, 'the other one\'s rules count too');
  await rig.network.refresh(a.uuid, { ...a.vif, security_rules: [...egressAll, ingress('tcp')] });
  assert.equal(await connection(b, addressOf(a), 80)('outward', 700), true, 'answers need no rule of their own');
  await rig.network.refresh(b.uuid, { ...b.vif, security_rules: [] });
  assert.equal(await connection(b, addressOf(a), 80)('outward', 700), false, 'without egress rules nothing goes out');
  await b.run('ip', 'route', 'add', '169.254.169.254/32', 'dev', 'eth0');
  assert.match(await b.run('curl', '-sS', '-m', '5', 'http://169.254.169.254/latest/meta-data/hostname'), /a-guest/, 'the metadata service is always there');
  assert.equal((await dhcp(b, rig.folder))?.['ip'], '10.9.0.6', 'and so is DHCP');
});

test('members of a group are let in as long as they are members, also after a restart, and their coming and going touches no port\'s rules', { skip }, async (t) => {
  const rig = networkRig(t);
  const network_id = randomUUID(), group = randomUUID();
  const a = await (await rig.guest(vifOf(network_id, 5))).start();
  const b = await (await rig.guest(vifOf(network_id, 6))).start();
  await serveEcho(b, 80);
  let told = 1000;
  const members = (addresses: string[], as_of = ++told) => rig.network.tellGroup({ security_group_id: group, as_of: new Date(as_of * 1000).toISOString(), addresses });
  const reaches = (version = 4) => connection(a, addressOf(b, version), 80)(randomUUID(), 700);
  const [namespace] = await rig.namespaces();
  const chains = async () => (await run('nsenter', [`--net=/run/netns/${namespace}`, 'nft', '-a', 'list', 'table', 'inet', 'novaless'])).match(/chain (egress|ingress)_[^}]*/g);

  assert.equal(await members(['10.9.0.5']), false, 'no rule names it: nothing is kept');
  const naming = { ...b.vif, security_rules: [...egressAll, ...(['IPv4', 'IPv6'] as const).map((ethertype) => ({ ...ingress('tcp', 80), ethertype, remote_group_id: group }))] };
  await rig.network.refresh(b.uuid, naming);
  assert.deepEqual([rig.network.unknownGroups(), await reaches()], [[group], false], 'a group that nobody told of is empty');
  assert.equal(await members(['10.9.0.5'], told), false, 'a word that was late');
  assert.equal(await members(['10.9.0.5', 'fd00:9::/124']), true);
  assert.deepEqual([rig.network.unknownGroups(), await reaches(), await reaches(6)], [[], true, true]);

  const before = await chains();
  const long = connection(a, addressOf(b), 80);
  assert.equal(await long('a member'), true);
  await members(['10.9.0.5', '10.9.0.7']);
  assert.deepEqual([await long('and another'), await reaches(6)], [true, false]);
  await members(['10.9.0.7']);
  assert.deepEqual([await long('gone', 1000), await reaches()], [false, false], 'who is no member any more is cut off');
  await members(['10.9.0.0/29', '10.9.0.5', '10.9.0.7']);
  assert.equal(await reaches(), true, 'a range, and addresses in it');
  await members([], told - 1);
  assert.equal(await reaches(), true, 'an older word changes nothing');
  assert.deepEqual(await chains(), before);

  await rig.restart();
  assert.deepEqual([rig.network.unknownGroups(), await reaches()], [[], true]);
  await run('nsenter', [`--net=/run/netns/${namespace}`, 'nft', 'flush', 'ruleset']);
  await members(['10.9.0.5']);
  assert.equal(await reaches(), true, 'where somebody took the rules away they are made anew');

  await rig.network.refresh(b.uuid, { ...naming, security_rules: egressAll });
  await rig.network.refresh(b.uuid, naming);
  assert.deepEqual([rig.network.unknownGroups(), await reaches()], [[group], false], 'what was not wanted any more is forgotten');
  await rig.network.refresh(b.uuid, { ...naming, group_members: [{ security_group_id: group, as_of: new Date(++told * 1000).toISOString(), addresses: ['10.9.0.5'] }] });
  assert.deepEqual([rig.network.unknownGroups(), await reaches()], [[], true], 'or comes with the port');
});

test('rules of an agent that knew no groups let in whom they did, until the host is told', { skip }, async (t) => {
  const rig = networkRig(t);
  const network_id = randomUUID(), group = randomUUID();
  const a = await (await rig.guest(vifOf(network_id, 5))).start();
  const former = { ...ingress('icmp'), remote_group_id: group, remote_ips: ['10.9.0.5'] };
  const b = await (await rig.guest(vifOf(network_id, 6, { security_rules: [...egressAll, former] }))).start();
  assert.deepEqual([await pings(a, addressOf(b)), rig.network.unknownGroups()], [true, [group]]);
  await rig.network.tellGroup({ security_group_id: group, as_of: new Date().toISOString(), addresses: ['10.9.0.7'] });
  assert.deepEqual([await pings(a, addressOf(b)), rig.network.unknownGroups()], [false, []]);
});

test('a host whose kernel cannot filter says so, and no guest comes to an open network', { skip }, async (t) => {
  const rig = networkRig(t);
  const path = process.env['PATH']!;
  const bin = mkdtempSync(join(tmpdir(), 'novaless-bin-'));
  writeFileSync(join(bin, 'nft'), '#!/bin/sh\necho "Error: Could not process rule: Operation not supported" >&2\nexit 1\n', { mode: 0o755 });
  t.after(() => {
    process.env['PATH'] = path;
    rmSync(bin, { recursive: true });
  });
  const vif = vifOf(randomUUID(), 5);
  process.env['PATH'] = `${bin}:${path}`;
  await assert.rejects(rig.network.prepare('guest', vif), { name: 'ActionFailed', message: /^The host cannot make networks: the kernel or nft does not take the rules .*: Error: Could not process rule: Operation not supported\.$/ });
  process.env['PATH'] = path;
  await rig.network.unplug(vif.port_id);
  assert.deepEqual(await rig.namespaces(), []);
});

test('nothing is left of a network without ports, and all is there again after a restart or a reboot of the host', { skip }, async (t) => {
  const rig = networkRig(t);
  const network_id = randomUUID();
  const a = await (await rig.guest(vifOf(network_id, 5, { security_rules: open }))).start();
  const b = await (await rig.guest(vifOf(network_id, 6, { security_rules: open }))).start();
  const [namespace] = await rig.namespaces();
  const [dnsmasq] = dnsmasqs(rig.folder);
  await rig.restart();
  assert.deepEqual([await rig.namespaces(), dnsmasqs(rig.folder), await pings(a, addressOf(b))], [[namespace], [dnsmasq], true], 'a restart changes nothing');

  const { running } = dhcpServers(join(rig.folder, 'networks'));
  assert.deepEqual(running(), new Set([network_id]));
  process.kill(dnsmasq!);
  await eventually(async () => assert.deepEqual(running(), new Set(), 'a network whose DHCP server ended is found'));
  await run('nsenter', [`--net=/run/netns/${namespace}`, 'nft', 'flush', 'ruleset']);
  await rig.restart();
  assert.deepEqual([dnsmasqs(rig.folder).length, await pings(a, addressOf(b))], [1, true]);

  // What a reboot leaves: the records alone.
  for (const guest of [a, b]) await guest.delete();
  for (const pid of dnsmasqs(rig.folder)) process.kill(pid);
  await run('ip', ['netns', 'delete', namespace!]);
  await rig.restart();
  assert.deepEqual([await rig.namespaces(), dnsmasqs(rig.folder).length], [[namespace], 1]);
  await Promise.all([a.makeTap(), b.makeTap()]);
  for (const guest of [a, b]) {
    await rig.network.prepare(guest.uuid, guest.vif);
    await rig.network.plug(guest.uuid, guest.vif);
    await guest.address();
  }
  assert.equal(await pings(a, addressOf(b)), true);

  for (const guest of [a, b]) {
    await guest.delete();
    await rig.network.unplug(guest.vif.port_id);
    await rig.network.unplug(guest.vif.port_id); // twice is once
  }
  assert.deepEqual([await rig.namespaces(), dnsmasqs(rig.folder), readdirSync(join(rig.folder, 'networks'))], [[], [], []]);
});
