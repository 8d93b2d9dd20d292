import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerTo } from './answer.ts';
import { openstackFiles } from './openstack.ts';
import type { MetadataSource } from './source.ts';

const fixed = { subnet_id: 's', cidr: '10.0.0.0/24', gateway_ip: '10.0.0.1', version: 4, dns_nameservers: ['192.0.2.53'], host_routes: [{ destination: '192.0.2.128/25', nexthop: '10.0.0.9' }] };
const source: MetadataSource = {
  instance_uuid: '1b2c3d4e-0000-4000-8000-000000000001', project_id: 'project', user_id: 'user', name: 'Web 1', hostname: 'web-1', launch_index: 2,
  flavor: { name: 'm1.small', vcpus: 1, memory_mb: 512, root_gb: 1, ephemeral_gb: 1, swap: 64, extra_specs: {} }, image_properties: {},
  disks: [
    { device: '/dev/vda', boot_index: 0, source: { type: 'image', image_id: 'aabbccdd-0000-4000-8000-000000000002', location: 's3://b/k', size: 1, checksum: null, disk_format: 'raw', size_gb: 1 } },
    { device: '/dev/vdb', boot_index: null, source: { type: 'blank', size_gb: 1 } },
    { device: '/dev/vdc', boot_index: null, source: { type: 'blank', size_gb: 1, guest_format: 'swap' } },
    { device: '/dev/vdd', boot_index: null, tag: 'data', source: { type: 'volume', volume_id: 'v' } },
  ],
  vifs: [
    { port_id: '11111111-2222-4333-8444-555555555555', network_id: 'n1', network_name: 'net', mac_address: 'fa:16:3e:00:00:01', mtu: 1442, port_security: true, tag: 'front', fixed_ips: [{ ...fixed, ip_address: '10.0.0.5', enable_dhcp: true }], security_rules: [] },
    {
      port_id: '22222222-2222-4333-8444-555555555555', network_id: 'n2', network_name: 'net', mac_address: 'fa:16:3e:00:00:02', mtu: 9000, port_security: true, security_rules: [],
      fixed_ips: [{ ...fixed, ip_address: '10.0.0.6', enable_dhcp: false }, { ...fixed, ip_address: 'fd00::6', cidr: 'fd00::/64', gateway_ip: 'fd00::1', version: 6, dns_nameservers: [], host_routes: [], enable_dhcp: false }],
    },
  ],
  config_drive: true, key_name: 'laptop', key_data: 'ssh-ed25519 AAAA laptop', user_data: Buffer.from('#cloud-config\n\xff', 'latin1').toString('base64'), admin_pass: 'secret',
  metadata: { role: 'web' }, availability_zone: 'zone-1', console_public_key: '',
};
const get = (path: string, guest: MetadataSource | undefined = source) => answerTo('GET', path, () => guest);
const textAt = (path: string) => {
  const { status, body } = get(path);
  return status === 200 ? body.toString() : status;
};
const jsonAt = (path: string): any => JSON.parse(get(path).body.toString());

test('a guest finds OpenStack\'s documents, in the versions that it knows', () => {
  assert.equal(textAt('/openstack'), '2012-08-10\n2013-04-04\n2013-10-17\n2015-10-15\n2016-06-30\n2016-10-06\n2017-02-22\n2018-08-27\n2020-10-14\n2025-04-04\nlatest');
  assert.equal(textAt('/openstack/latest/'), 'meta_data.json\nuser_data\nvendor_data.json\nnetwork_data.json\nvendor_data2.json');
  assert.equal(textAt('/openstack/2012-08-10'), 'meta_data.json\nuser_data');
  const { random_seed, ...rest } = jsonAt('/openstack/latest/meta_data.json');
  assert.equal(Buffer.from(random_seed, 'base64').length, 512);
  assert.deepEqual(rest, {
    uuid: source.instance_uuid, meta: { role: 'web' }, public_keys: { laptop: 'ssh-ed25519 AAAA laptop' }, keys: [{ name: 'laptop', type: 'ssh', data: 'ssh-ed25519 AAAA laptop' }],
    hostname: 'web-1', name: 'Web 1', launch_index: 2, availability_zone: 'zone-1', project_id: 'project', dedicated_cpus: [],
    devices: [
      { type: 'nic', mac: 'fa:16:3e:00:00:01', bus: 'none', address: 'none', tags: ['front'] },
      { type: 'disk', serial: 'v', path: '/dev/vdd', bus: 'none', address: 'none', tags: ['data'] },
    ],
  });
  assert.deepEqual(get('/openstack/latest/user_data').body, Buffer.from('#cloud-config\n\xff', 'latin1'));
  assert.equal(get('/openstack/latest/vendor_data.json').headers['content-type'], 'application/json');
});

test('cloud-init finds in network_data.json what it sets by itself and what it asks for by DHCP', () => {
  assert.deepEqual(jsonAt('/openstack/latest/network_data.json'), {
    links: [
      { id: 'tap11111111-22', vif_id: source.vifs[0]!.port_id, type: 'bridge', mtu: null, ethernet_mac_address: 'fa:16:3e:00:00:01' },
      { id: 'tap22222222-22', vif_id: source.vifs[1]!.port_id, type: 'bridge', mtu: 9000, ethernet_mac_address: 'fa:16:3e:00:00:02' },
    ],
    networks: [
      { id: 'network0', link: 'tap11111111-22', network_id: 'n1', type: 'ipv4_dhcp' },
      {
        id: 'network1', link: 'tap22222222-22', network_id: 'n2', type: 'ipv4', ip_address: '10.0.0.6', netmask: '255.255.255.0',
        routes: [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.0.0.1' }, { network: '192.0.2.128', netmask: '255.255.255.128', gateway: '10.0.0.9' }],
        services: [{ type: 'dns', address: '192.0.2.53' }],
      },
      { id: 'network2', link: 'tap22222222-22', network_id: 'n2', type: 'ipv6', ip_address: 'fd00::6', netmask: 'ffff:ffff:ffff:ffff::', routes: [{ network: '::', netmask: '::', gateway: 'fd00::1' }], services: [] },
    ],
    services: [{ type: 'dns', address: '192.0.2.53' }],
  });
});

test('a guest finds EC2\'s paths', () => {
  assert.equal(textAt('/'), '1.0\n2007-01-19\n2007-03-01\n2007-08-29\n2007-10-10\n2007-12-15\n2008-02-01\n2008-09-01\n2009-04-04\nlatest');
  assert.equal(textAt('/latest'), 'meta-data/\nuser-data');
  assert.equal(textAt('/2009-04-04/meta-data/'), [
    'ami-id', 'ami-launch-index', 'block-device-mapping/', 'hostname', 'instance-action', 'instance-id', 'instance-type', 'local-hostname', 'local-ipv4', 'placement/', 'public-hostname', 'public-ipv4', 'public-keys/',
  ].join('\n'));
  assert.doesNotMatch(String(textAt('/1.0/meta-data/')), /placement|instance-type/);
  const values: Record<string, string> = {
    'instance-id': 'i-1b2c3d4e', 'ami-id': 'ami-aabbccdd', hostname: 'web-1', 'local-ipv4': '10.0.0.5', 'placement/availability-zone': 'zone-1', 'instance-type': 'm1.small', 'ami-launch-index': '2',
    'public-keys': '0=laptop', 'public-keys/0': 'openssh-key', 'public-keys/0/openssh-key': 'ssh-ed25519 AAAA laptop',
    'block-device-mapping': 'ami\nebs0\nephemeral0\nroot\nswap', 'block-device-mapping/ami': 'vda', 'block-device-mapping/swap': '/dev/vdc', 'block-device-mapping/ebs0': '/dev/vdd',
  };
  for (const [path, value] of Object.entries(values)) assert.equal(textAt(`/latest/meta-data/${path}`), value, path);
  assert.deepEqual(get('/latest/user-data').body, get('/openstack/latest/user_data').body);
});

test('the admin password is on the config drive and nowhere else', () => {
  const files = openstackFiles(source);
  assert.equal(JSON.parse(files.get('openstack/latest/meta_data.json')!.toString()).admin_pass, 'secret');
  assert.doesNotMatch(String(textAt('/openstack/latest/meta_data.json')), /secret|admin_pass/);
  for (const path of ['openstack/2012-08-10/meta_data.json', 'openstack/latest/network_data.json', 'openstack/latest/user_data', 'openstack/latest/vendor_data.json', 'ec2/latest/meta-data.json', 'ec2/2009-04-04/user-data']) assert.ok(files.has(path), path);
  assert.equal(openstackFiles({ ...source, user_data: null }).has('openstack/latest/user_data'), false);
});

test('whatever a guest asks for, it hears an answer, and of no other guest', () => {
  const words = fc.constantFrom('openstack', 'latest', 'ec2', 'meta-data', 'public-keys', '0', '__proto__', 'constructor', 'toString', '..', '.', '%', '%2e%2e', '%00', '', '?', '2009-04-04', 'user_data', 'a'.repeat(5000));
  fc.assert(fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 6 }), fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE'), (parts, method) => {
    const { status } = answerTo(method, `/${parts.join('/')}`, () => source);
    assert.ok([200, 404, 405].includes(status));
    assert.equal(answerTo('GET', `/${parts.join('/')}`, () => undefined).status, 404);
  }));
  for (const path of ['/openstack/2099-01-01', '/openstack/latest/password', '/latest/meta-data/__proto__', '/latest/meta-data/constructor', '/latest/meta-data/hostname/length', '/../etc/passwd']) assert.equal(get(path).status, 404, path);
});
