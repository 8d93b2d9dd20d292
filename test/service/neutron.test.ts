import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { adminToken, caller, startRig, token, type Answer, type Rig } from './rig.ts';

let rig: Rig;
let call: ReturnType<typeof caller>;
before(async () => {
  rig = await startRig();
  call = caller((await import('../../functions/neutron-server/http.ts')).handler);
});
after(() => rig.stop());

let projects = 0;
/** A project of its own for each test, so that none counts another's resources. */
const project = () => `project${++projects}`;
const serviceHeader = { 'X-Service-Token': token('service', 'service', 'nova') };

const request = (method: string, path: string, as: string, body?: unknown, headers?: Record<string, string>) =>
  call(method, `/network/v2.0${path}`, { token: as, ...(body !== undefined && { body }), ...(headers && { headers }) });

/** The resource in a successful answer. */
async function ok(promise: Promise<Answer>, status = 200): Promise<any> {
  const answer = await promise;
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  return answer.body && Object.values(answer.body)[0];
}
const post = (path: string, as: string, body: unknown, headers?: Record<string, string>) => ok(request('POST', path, as, body, headers), 201);
const get = (path: string, as: string) => ok(request('GET', path, as));
const put = (path: string, as: string, body: unknown, headers?: Record<string, string>) => ok(request('PUT', path, as, body, headers));
const del = (path: string, as: string) => ok(request('DELETE', path, as), 204);
async function refused(promise: Promise<Answer>, status: number, type?: string, message?: RegExp): Promise<void> {
  const answer = await promise;
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  const fault = answer.body?.NeutronError;
  assert.ok(fault && typeof fault.message === 'string' && fault.detail === '', JSON.stringify(answer.body));
  if (type) assert.equal(fault.type, type, fault.message);
  if (message) assert.match(fault.message, message);
}

const network = (as: string, fields: object = {}) => post('/networks', as, { network: { name: 'net', ...fields } });
const subnet = (as: string, network_id: string, fields: object = {}) => post('/subnets', as, { subnet: { network_id, ip_version: 4, cidr: '10.0.0.0/24', ...fields } });
const port = (as: string, network_id: string, fields: object = {}, headers?: Record<string, string>) => post('/ports', as, { port: { network_id, ...fields } }, headers);

test('a network with its subnet and port has everything that clients show, and all go again', async () => {
  const me = token(project());
  const net = await network(me, { description: 'mine' });
  assert.deepEqual([net.status, net.admin_state_up, net.shared, net['router:external'], net.mtu, net.subnets, net.revision_number], ['ACTIVE', true, false, false, 1450, [], 1]);
  assert.equal(net.project_id, net.tenant_id);
  assert.equal(net['provider:network_type'], undefined, 'what is underneath is for administrators');
  assert.match(net.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

  const sub = await subnet(me, net.id, { name: 'sub', cidr: '10.0.0.9/24', dns_nameservers: ['9.9.9.9'] });
  assert.deepEqual(
    [sub.cidr, sub.gateway_ip, sub.allocation_pools, sub.enable_dhcp, sub.dns_nameservers, sub.host_routes, sub.subnetpool_id],
    ['10.0.0.0/24', '10.0.0.1', [{ start: '10.0.0.2', end: '10.0.0.254' }], true, ['9.9.9.9'], [], null],
  );
  assert.deepEqual((await get(`/networks/${net.id}`, me)).subnets, [sub.id]);

  const made = await port(me, net.id);
  assert.match(made.mac_address, /^fa:16:3e(:[0-9a-f]{2}){3}$/);
  assert.equal(made.fixed_ips[0].subnet_id, sub.id);
  assert.match(made.fixed_ips[0].ip_address, /^10\.0\.0\.\d+$/);
  assert.equal(made.status, 'DOWN');
  assert.equal(made['binding:host_id'], undefined);
  assert.equal(made['binding:vnic_type'], 'normal');
  const [group] = await get('/security-groups?name=default', me);
  assert.deepEqual(made.security_groups, [group.id]);
  assert.deepEqual(await get(`/ports/${made.id}`, me), made);

  await refused(request('DELETE', `/networks/${net.id}`, me), 409, 'NetworkInUse');
  await refused(request('DELETE', `/subnets/${sub.id}`, me), 409, 'SubnetInUse');
  await del(`/ports/${made.id}`, me);
  await refused(request('DELETE', `/ports/${made.id}`, me), 404, 'PortNotFound');
  await del(`/networks/${net.id}`, me);
  await refused(request('GET', `/subnets/${sub.id}`, me), 404, 'SubnetNotFound');
  await refused(request('GET', `/networks/${net.id}`, me), 404, 'NetworkNotFound');
});

test('another project sees nothing of mine, an administrator all, and everybody what is shared', async () => {
  const [me, other] = [token(project()), token(project())];
  const net = await network(me);
  const sub = await subnet(me, net.id);
  const mine = await port(me, net.id);
  for (const path of [`/networks/${net.id}`, `/subnets/${sub.id}`, `/ports/${mine.id}`]) {
    await refused(request('GET', path, other), 404);
    await refused(request('DELETE', path, other), 404);
    await get(path, adminToken);
  }
  for (const path of ['/networks', '/subnets', '/ports']) {
    assert.deepEqual(await get(path, other), []);
    assert.ok((await get(path, adminToken)).length > 0);
  }
  await refused(request('POST', '/ports', other, { port: { network_id: net.id } }), 404, 'NetworkNotFound');
  await refused(request('PUT', `/networks/${net.id}`, me, { network: { shared: true } }), 403, 'PolicyNotAuthorized');

  await put(`/networks/${net.id}`, adminToken, { network: { shared: true } });
  assert.deepEqual((await get('/networks', other)).map(({ id }: any) => id), [net.id]);
  assert.deepEqual((await get('/subnets', other)).map(({ id }: any) => id), [sub.id]);
  await refused(request('PUT', `/networks/${net.id}`, other, { network: { name: 'taken' } }), 403, 'PolicyNotAuthorized');
  await refused(request('DELETE', `/networks/${net.id}`, other), 403, 'PolicyNotAuthorized');
  await refused(request('POST', '/subnets', other, { subnet: { network_id: net.id, ip_version: 4, cidr: '10.9.0.0/24' } }), 403);
  const theirs = await port(other, net.id);
  await refused(request('POST', '/ports', other, { port: { network_id: net.id, fixed_ips: [{ ip_address: '10.0.0.77' }] } }), 403, 'PolicyNotAuthorized');
  await refused(request('POST', '/ports', other, { port: { network_id: net.id, mac_address: 'fa:16:3e:00:00:01' } }), 403);
  await port(other, net.id, { fixed_ips: [{ ip_address: '10.0.0.77' }] }, serviceHeader);
  await get(`/ports/${theirs.id}`, me); // on the network owner's ground
  await refused(request('PUT', `/networks/${net.id}`, adminToken, { network: { shared: false } }), 409, 'InvalidSharedSetting');
  for (const { id } of await get(`/ports?network_id=${net.id}`, me)) await del(`/ports/${id}`, me);
  await put(`/networks/${net.id}`, adminToken, { network: { shared: false } });
  await refused(request('GET', `/networks/${net.id}`, other), 404);
});

test('an external network is seen by all, and gives ports to its owner only', async () => {
  const me = token(project());
  const net = await network(adminToken, { 'router:external': true });
  assert.equal(net['provider:network_type'], 'vxlan');
  assert.equal((await get(`/networks/${net.id}`, me))['router:external'], true);
  assert.ok((await get('/networks?router:external=True', me)).some(({ id }: any) => id === net.id));
  await refused(request('POST', '/ports', me, { port: { network_id: net.id } }), 403, 'PolicyNotAuthorized');
  await refused(request('POST', '/networks', me, { network: { 'router:external': true } }), 403);
  await put(`/networks/${net.id}`, adminToken, { network: { 'router:external': false } });
  await refused(request('GET', `/networks/${net.id}`, me), 404);
});

test('a reader reads and changes nothing', async () => {
  const name = project();
  const [me, reader] = [token(name), token(name, 'reader')];
  const net = await network(me);
  await get(`/networks/${net.id}`, reader);
  await refused(request('POST', '/networks', reader, { network: {} }), 403, 'PolicyNotAuthorized');
  await refused(request('PUT', `/networks/${net.id}`, reader, { network: { name: 'x' } }), 403);
  await refused(request('DELETE', `/networks/${net.id}`, reader), 403);
  assert.equal((await call('GET', '/network/v2.0/networks')).status, 401);
});

test('two networks cannot have one segment', async () => {
  const vlan = (id: number) => ({ network: { 'provider:network_type': 'vlan', 'provider:physical_network': 'trunk', 'provider:segmentation_id': id } });
  const first = await post('/networks', adminToken, vlan(7));
  await refused(request('POST', '/networks', adminToken, vlan(7)), 409, 'VlanIdInUse');
  await post('/networks', adminToken, vlan(8));
  await del(`/networks/${first.id}`, adminToken);
  await post('/networks', adminToken, vlan(7));
  await refused(request('POST', '/networks', token(project()), vlan(9)), 403);
  await refused(request('POST', '/networks', adminToken, vlan(4095)), 400, 'InvalidInput');
});

test('wrong input is refused with the name of the attribute', async () => {
  const me = token(project());
  const net = await network(me);
  const bad = (path: string, body: unknown, message: RegExp, status = 400, type?: string) => refused(request('POST', path, me, body), status, type, message);
  await bad('/networks', { network: { color: 'red' } }, /Unrecognized attribute\(s\) 'color'/);
  await bad('/networks', { network: { constructor: 'red' } }, /Unrecognized attribute\(s\) 'constructor'/);
  await bad('/networks', { network: { admin_state_up: 'constructor' } }, /Reason: 'constructor' cannot be converted to boolean/);
  await bad('/networks', { network: { status: 'DOWN' } }, /Attribute 'status' not allowed in POST/);
  await bad('/networks', { network: { admin_state_up: 'perhaps' } }, /Invalid input for admin_state_up\. Reason: 'perhaps' cannot be converted to boolean/);
  await bad('/networks', { network: { name: 'x'.repeat(256) } }, /Invalid input for name\. Reason: .* exceeds maximum length of 255/);
  await bad('/networks', { subnet: {} }, /Unable to find 'network' in request body/);
  await bad('/networks', '[1', /JSON/);
  await bad('/subnets', { subnet: { network_id: net.id } }, /Required attribute '\w+' not specified/);
  const sub = (fields: object) => ({ subnet: { network_id: net.id, ip_version: 4, cidr: '10.0.0.0/24', ...fields } });
  await bad('/subnets', sub({ cidr: '10.0.0.0/33' }), /Invalid input for cidr\. Reason: '10.0.0.0\/33' is not a valid IP subnet/);
  await bad('/subnets', sub({ ip_version: 5 }), /Invalid input for ip_version/);
  await bad('/subnets', sub({ ip_version: 6 }), /does not match the ip_version/);
  await bad('/subnets', sub({ cidr: '10.0.0.0/31' }), /incompatible with DHCP/);
  await bad('/subnets', sub({ gateway_ip: '10.0.0.255' }), /Gateway is not valid on subnet/);
  await bad('/subnets', sub({ gateway_ip: 'x' }), /Invalid input for gateway_ip/);
  await bad('/subnets', sub({ allocation_pools: [{ start: '10.0.0.5', end: '10.0.1.5' }] }), /spans beyond/, 400, 'OutOfBoundsAllocationPool');
  await bad('/subnets', sub({ allocation_pools: [{ start: '10.0.0.9', end: '10.0.0.5' }] }), /not valid/, 400, 'InvalidAllocationPool');
  await bad('/subnets', sub({ allocation_pools: [{ start: '10.0.0.5', end: '10.0.0.9' }, { start: '10.0.0.9', end: '10.0.0.10' }] }), /overlapping/, 409, 'OverlappingAllocationPools');
  await bad('/subnets', sub({ allocation_pools: [{ start: '10.0.0.1', end: '10.0.0.9' }] }), /10.0.0.1 conflicts/, 409, 'GatewayConflictWithAllocationPools');
  await bad('/subnets', sub({ allocation_pools: [{ start: '10.0.0.1' }] }), /Invalid input for allocation_pools/);
  await bad('/subnets', sub({ dns_nameservers: ['one'] }), /Invalid input for dns_nameservers/);
  await bad('/subnets', sub({ host_routes: [{ destination: 'x', nexthop: '10.0.0.1' }] }), /Invalid input for host_routes/);
  await subnet(me, net.id);
  await bad('/subnets', sub({ cidr: '10.0.0.128/25' }), /overlaps with another subnet/, 400, 'InvalidInput');
  const made = (fields: object) => ({ port: { network_id: net.id, ...fields } });
  await bad('/ports', { port: { network_id: 'x' } }, /Invalid input for network_id\. Reason: 'x' is not a valid UUID/);
  await bad('/ports', made({ fixed_ips: [{ ip_address: '10.0.1.1' }] }), /10\.0\.1\.1 is not a valid IP/, 400, 'InvalidIpForNetwork');
  await bad('/ports', made({ fixed_ips: [{ ip_address: 'here' }] }), /Invalid input for fixed_ips/);
  await bad('/ports', made({ fixed_ips: [{ ip: '10.0.0.4' }] }), /Unexpected keys supplied: ip/);
  await bad('/ports', made({ mac_address: '01:00:00:00:00:01' }), /Invalid input for mac_address/);
  await bad('/ports', made({ security_groups: ['norprod'] }), /Invalid input for security_groups\. Reason: 'norprod' is not a valid UUID/);
  await bad('/ports', made({ security_groups: ['0b0e8b3c-6a57-4b5e-9a2e-0000000000ff'] }), /does not exist/, 404, 'SecurityGroupNotFound');
  await bad('/ports', made({ port_security_enabled: false, allowed_address_pairs: [{ ip_address: '10.0.0.4' }] }), /Port Security must be enabled/, 409);
  await bad('/ports', made({ project_id: 'somebody' }), /requires admin privileges/);
  await bad('/ports', made({ 'binding:host_id': 'host' }), /disallowed by policy/, 403, 'PolicyNotAuthorized');
  await refused(request('GET', '/routers', me), 404);
  await refused(request('GET', '/networks?color=red', me), 400, undefined, /color/);
  await refused(request('GET', '/networks?sort_key=color', me), 400, undefined, /color/);
  await refused(request('GET', '/networks?limit=-1', me), 400);
});

test('an address is given where it is asked for, once, and only inside its subnet', async () => {
  const me = token(project());
  const net = await network(me);
  const small = await subnet(me, net.id, { cidr: '10.0.0.0/30' });
  const big = await subnet(me, net.id, { cidr: '10.1.0.0/24' });
  const one = await port(me, net.id, { fixed_ips: [{ subnet_id: small.id }] });
  assert.deepEqual(one.fixed_ips, [{ subnet_id: small.id, ip_address: '10.0.0.2' }]);
  const full = { port: { network_id: net.id, fixed_ips: [{ subnet_id: small.id }] } };
  await refused(request('POST', '/ports', me, full), 409, 'IpAddressGenerationFailure', new RegExp(`No more IP addresses available on network ${net.id}`));
  await refused(request('POST', '/ports', me, { port: { network_id: net.id, fixed_ips: [{ ip_address: '10.0.0.2' }] } }), 409, 'IpAddressAlreadyAllocated', /10\.0\.0\.2 already allocated/);
  await refused(request('POST', '/ports', me, { port: { network_id: net.id, fixed_ips: [{ subnet_id: small.id, ip_address: '10.1.0.4' }] } }), 400, 'InvalidIpForSubnet');
  assert.equal((await port(me, net.id)).fixed_ips[0].subnet_id, big.id, 'the next subnet helps out');
  const two = await port(me, net.id, { fixed_ips: [{ ip_address: '10.1.0.7' }, { subnet_id: big.id }] });
  assert.equal(two.fixed_ips.length, 2);
  await refused(request('POST', '/ports', me, { port: { network_id: net.id, mac_address: two.mac_address } }), 409, 'MacAddressInUse');

  const moved = await put(`/ports/${two.id}`, me, { port: { fixed_ips: [{ ip_address: '10.1.0.7' }] } });
  assert.deepEqual(moved.fixed_ips, [{ subnet_id: big.id, ip_address: '10.1.0.7' }]);
  const again = await port(me, net.id, { fixed_ips: [{ ip_address: two.fixed_ips[1].ip_address }] });
  assert.equal(again.fixed_ips[0].ip_address, two.fixed_ips[1].ip_address, 'a released address can be had');
  const kept = await put(`/ports/${two.id}`, me, { port: { fixed_ips: [{ subnet_id: big.id }, { ip_address: '10.1.0.9' }] } });
  assert.deepEqual(kept.fixed_ips.map((ip: any) => ip.ip_address), ['10.1.0.7', '10.1.0.9']);
  await refused(request('PUT', `/ports/${two.id}`, me, { port: { fixed_ips: [{ ip_address: again.fixed_ips[0].ip_address }] } }), 409, 'IpAddressAlreadyAllocated');
  assert.deepEqual((await put(`/ports/${two.id}`, me, { port: { fixed_ips: [] } })).fixed_ips, []);
  assert.deepEqual((await port(me, net.id, { fixed_ips: [] })).fixed_ips, []);
});

test('IPv6: stateful addresses come from the pool, SLAAC addresses follow from the MAC', async () => {
  const me = token(project());
  const net = await network(me);
  const stateful = await subnet(me, net.id, { ip_version: 6, cidr: 'fd00:1::/64' });
  assert.deepEqual([stateful.gateway_ip, stateful.allocation_pools], ['fd00:1::1', [{ start: 'fd00:1::2', end: 'fd00:1::ffff:ffff:ffff:ffff' }]]);
  const slaac = await subnet(me, net.id, { ip_version: 6, cidr: 'fd00:2::/64', ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' });
  const made = await port(me, net.id, { mac_address: 'fa:16:3e:12:34:56' });
  assert.equal(made.fixed_ips.find((ip: any) => ip.subnet_id === slaac.id).ip_address, 'fd00:2::f816:3eff:fe12:3456');
  assert.match(made.fixed_ips.find((ip: any) => ip.subnet_id === stateful.id).ip_address, /^fd00:1:/);
  await refused(request('POST', '/ports', me, { port: { network_id: net.id, fixed_ips: [{ subnet_id: slaac.id, ip_address: 'fd00:2::5' }] } }), 400, 'AllocationOnAutoAddressSubnet');
});

test('a service asks for the same port again and gets it again; another key is another port', async () => {
  const name = project();
  const me = token(name);
  const net = await network(me);
  await subnet(me, net.id);
  const body = { port: { network_id: net.id, device_id: 'server-1', device_owner: 'compute:nova', 'binding:host_id': 'host1' } };
  const ask = (key: string) => post('/ports', me, body, { ...serviceHeader, 'X-Novaless-Idempotency-Key': key });
  const answers = await Promise.all([1, 2, 3, 4].map(() => ask('server-1/0')));
  assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
  const timeless = ({ 'binding:filter': { rules }, ...one }: any) => ({ ...one, rules });
  assert.deepEqual(timeless(await ask('server-1/0')), timeless(answers[0]));
  assert.equal(answers[0]['binding:host_id'], 'host1');
  assert.equal(answers[0]['binding:vif_type'], 'bridge');
  assert.equal(answers[0].status, 'ACTIVE');
  assert.notEqual((await ask('server-1/1')).id, answers[0].id);
  assert.equal((await get('/ports?device_id=server-1', me)).length, 2);
  assert.equal((await get(`/quotas/${name}/details`, me)).port.used, 2);
  const elsewhere = token(project());
  await refused(request('POST', '/ports', elsewhere, body, { ...serviceHeader, 'X-Novaless-Idempotency-Key': 'server-1/0' }), 404, 'NetworkNotFound');
  const { id } = answers[0];
  await put(`/ports/${id}`, me, { port: { device_id: '', device_owner: '', 'binding:host_id': '' } }, serviceHeader);
  assert.equal((await get('/ports?device_id=server-1', me)).length, 1);
  assert.equal((await get(`/ports/${id}`, me)).status, 'DOWN');
});

test('a service that takes what was known a moment ago gets its ports by that, twice the same one, and none of a network that is gone', async () => {
  const name = project();
  const me = token(name);
  const net = await network(me);
  const sub = await subnet(me, net.id);
  const body = { port: { network_id: net.id, device_id: 'server-1', device_owner: 'compute:nova', 'binding:host_id': 'host1' } };
  const ask = (key: string, headers: Record<string, string> = { 'Cache-Control': 'max-age=5' }) => request('POST', '/ports', me, body, { ...serviceHeader, 'X-Novaless-Idempotency-Key': key, ...headers });
  const first = await ok(ask('a'), 201);
  await put(`/networks/${net.id}`, me, { network: { port_security_enabled: false } });
  assert.equal((await ok(ask('b'), 201)).port_security_enabled, true, 'by what was read for the first');
  assert.equal((await ok(ask('c', {}), 201)).port_security_enabled, false, 'who does not say so gets what is');
  assert.equal((await ok(ask('a'), 201)).id, first.id);
  assert.equal((await get(`/quotas/${name}/details`, me)).port.used, 3);
  await ok(request('PUT', `/quotas/${name}`, adminToken, { quota: { port: 3 } }));
  assert.equal((await ok(ask('a'), 201)).id, first.id, 'it has its quota already');
  await refused(ask('d'), 409, 'OverQuota');
  for (const { id } of await get('/ports?device_id=server-1', me)) await del(`/ports/${id}`, me);
  await del(`/subnets/${sub.id}`, me);
  const bare = await ok(ask('d'), 201);
  assert.deepEqual(bare.fixed_ips, [], 'by what there is, as what was known would not do');
  await del(`/ports/${bare.id}`, me);
  await del(`/networks/${net.id}`, me);
  await refused(ask('e'), 404, 'NetworkNotFound');
  assert.equal((await get(`/quotas/${name}/details`, me)).port.used, 0);
  assert.deepEqual(await get('/ports?device_id=server-1', me), []);
});

test('port security, address pairs, DHCP options and names are kept as Neutron keeps them', async () => {
  const me = token(project());
  const net = await network(me, { port_security_enabled: false });
  await subnet(me, net.id);
  const open = await port(me, net.id);
  assert.deepEqual([open.port_security_enabled, open.security_groups], [false, []]);
  const made = await port(me, net.id, {
    port_security_enabled: true, allowed_address_pairs: [{ ip_address: '10.0.0.0/28' }], extra_dhcp_opts: [{ opt_name: 'bootfile-name', opt_value: 'pxe' }], dns_name: 'Web',
  });
  assert.equal(made.security_groups.length, 1);
  assert.deepEqual(made.allowed_address_pairs, [{ ip_address: '10.0.0.0/28', mac_address: made.mac_address }]);
  assert.deepEqual(made.extra_dhcp_opts, [{ opt_name: 'bootfile-name', opt_value: 'pxe', ip_version: 4 }]);
  assert.equal(made.dns_assignment[0].fqdn, 'web.openstacklocal.');
  await refused(request('PUT', `/ports/${made.id}`, me, { port: { port_security_enabled: false } }), 409, 'PortSecurityPortHasSecurityGroup');
  await refused(request('PUT', `/ports/${made.id}`, me, { port: { port_security_enabled: false, security_groups: [] } }), 409, 'AddressPairAndPortSecurityRequired');
  await put(`/ports/${made.id}`, me, { port: { port_security_enabled: false, security_groups: [], allowed_address_pairs: [] } });
  assert.deepEqual((await put(`/ports/${made.id}`, me, { port: { extra_dhcp_opts: [{ opt_name: 'bootfile-name', opt_value: null }] } })).extra_dhcp_opts, []);
});

test('a project has one default security group, that only an administrator deletes', async () => {
  const name = project();
  const me = token(name);
  const lists = await Promise.all([1, 2, 3, 4].map(() => get('/security-groups', me)));
  for (const list of lists) assert.equal(list.length, 1);
  const [group] = lists[0];
  assert.equal(group.name, 'default');
  const shape = (rule: any) => `${rule.direction} ${rule.ethertype} ${rule.remote_group_id === group.id ? 'members' : rule.remote_group_id}`;
  assert.deepEqual(group.security_group_rules.map(shape).sort(), ['egress IPv4 null', 'egress IPv6 null', 'ingress IPv4 members', 'ingress IPv6 members']);
  const usage = await get(`/quotas/${name}/details`, me);
  assert.deepEqual([usage.security_group.used, usage.security_group_rule.used], [1, 4]);
  await refused(request('DELETE', `/security-groups/${group.id}`, me), 409, 'SecurityGroupCannotRemoveDefault');
  await refused(request('PUT', `/security-groups/${group.id}`, me, { security_group: { name: 'other' } }), 409, 'SecurityGroupCannotUpdateDefault');
  await refused(request('POST', '/security-groups', me, { security_group: { name: 'Default' } }), 409, 'SecurityGroupDefaultAlreadyExists');
  await del(`/security-groups/${group.id}`, adminToken);
  assert.equal((await get('/security-groups', me)).length, 1, 'it comes back when it is needed');
});

test('security groups and rules: made, doubled, listed, used, deleted', async () => {
  const name = project();
  const me = token(name);
  const group = await post('/security-groups', me, { security_group: { name: 'norprod_sec_grp', description: 'norprod' } });
  assert.deepEqual(group.security_group_rules.map((rule: any) => rule.direction), ['egress', 'egress']);
  const rule = (fields: object) => ({ security_group_rule: { security_group_id: group.id, direction: 'ingress', ...fields } });
  const icmp = await post('/security-group-rules', me, rule({ protocol: 'icmp', remote_ip_prefix: '0.0.0.0/0' }));
  assert.deepEqual([icmp.ethertype, icmp.protocol, icmp.port_range_min, icmp.remote_ip_prefix, icmp.normalized_cidr], ['IPv4', 'icmp', null, '0.0.0.0/0', '0.0.0.0/0']);
  await refused(request('POST', '/security-group-rules', me, rule({ protocol: '1' })), 409, 'SecurityGroupRuleExists', new RegExp(icmp.id));
  const ssh = { protocol: 'tcp', port_range_min: 22, port_range_max: 22 };
  const doubled = await Promise.all([1, 2, 3].map(() => request('POST', '/security-group-rules', me, rule(ssh))));
  assert.deepEqual(doubled.map(({ status }) => status).sort(), [201, 409, 409]);
  assert.equal((await get(`/security-group-rules?security_group_id=${group.id}`, me)).length, 4);
  assert.equal((await get('/security-group-rules?direction=ingress&protocol=icmp', me))[0].id, icmp.id);
  assert.equal((await get(`/security-groups/${group.id}`, me)).security_group_rules.length, 4);
  await refused(request('POST', '/security-group-rules', token(project()), rule({ protocol: 'udp' })), 404, 'SecurityGroupNotFound');
  await refused(request('POST', '/security-group-rules', me, rule({ remote_group_id: '0b0e8b3c-6a57-4b5e-9a2e-0000000000ff' })), 404, 'SecurityGroupNotFound');

  const friend = await post('/security-groups', me, { security_group: { name: 'friend' } });
  const fromFriend = await post('/security-group-rules', me, rule({ remote_group_id: friend.id }));
  await del(`/security-groups/${friend.id}`, me);
  await refused(request('GET', `/security-group-rules/${fromFriend.id}`, me), 404, 'SecurityGroupRuleNotFound');

  const net = await network(me);
  const made = await port(me, net.id, { security_groups: [group.id] });
  assert.deepEqual((await get(`/ports?security_groups=${group.id}`, me)).map(({ id }: any) => id), [made.id]);
  await refused(request('DELETE', `/security-groups/${group.id}`, me), 409, 'SecurityGroupInUse');
  assert.deepEqual((await put(`/ports/${made.id}`, me, { port: { security_groups: [] } })).security_groups, []);
  await del(`/security-group-rules/${icmp.id}`, me);
  await refused(request('DELETE', `/security-group-rules/${icmp.id}`, me), 404, 'SecurityGroupRuleNotFound');
  await del(`/security-groups/${group.id}`, me);
  await refused(request('GET', `/security-groups/${group.id}`, me), 404, 'SecurityGroupNotFound');
  const usage = await get(`/quotas/${name}/details`, me);
  assert.deepEqual([usage.security_group.used, usage.security_group_rule.used, usage.port.used], [1, 4, 1]);
});

test('lists filter, sort, page and select', async () => {
  const me = token(project());
  for (const name of ['b', 'a', 'c', 'a']) await network(me, { name, admin_state_up: name !== 'c' });
  const names = async (query: string) => (await get(`/networks?${query}`, me)).map(({ name }: any) => name);
  assert.deepEqual(await names('name=a&name=b&sort_key=name'), ['a', 'a', 'b']);
  assert.deepEqual(await names('admin_state_up=False'), ['c']);
  assert.deepEqual(await names('sort_key=name&sort_dir=desc'), ['c', 'b', 'a', 'a']);
  assert.deepEqual(Object.keys((await get('/networks?fields=id&fields=name', me))[0]).sort(), ['id', 'name']);
  const page = async (query: string) => (await request('GET', `/networks?sort_key=name&limit=3${query}`, me)).body;
  const first = await page('');
  assert.deepEqual(first.networks.map(({ name }: any) => name), ['a', 'a', 'b']);
  assert.deepEqual(first.networks_links.map(({ rel }: any) => rel), ['next']);
  const next = new URL(first.networks_links[0].href);
  assert.equal(next.pathname, '/network/v2.0/networks');
  const second = await page(`&marker=${next.searchParams.get('marker')}`);
  assert.deepEqual(second.networks.map(({ name }: any) => name), ['c']);
  assert.deepEqual(second.networks_links.map(({ rel }: any) => rel), ['previous']);
  const back = await page(`&marker=${second.networks[0].id}&page_reverse=True`);
  assert.deepEqual(back.networks, first.networks);
});

test('tags are set, found by, and gone again', async () => {
  const me = token(project());
  const net = await network(me, { tags: ['born'] });
  assert.deepEqual(net.tags, ['born']);
  const sub = await subnet(me, net.id);
  const made = await port(me, net.id);
  const [group] = await get('/security-groups', me);
  for (const path of [`/networks/${net.id}`, `/subnets/${sub.id}`, `/ports/${made.id}`, `/security-groups/${group.id}`]) {
    assert.deepEqual((await request('PUT', `${path}/tags`, me, { tags: ['red', 'blue'] })).body, { tags: ['red', 'blue'] });
    assert.equal((await request('PUT', `${path}/tags/green`, me)).status, 201);
    assert.deepEqual((await get(path, me)).tags, ['red', 'blue', 'green']);
    await del(`${path}/tags/red`, me);
    await refused(request('GET', `${path}/tags/red`, me), 404, 'TagNotFound');
    const collection = path.split('/')[1];
    const found = async (query: string) => (await get(`/${collection}?${query}`, me)).length;
    assert.deepEqual([await found('tags=blue,green'), await found('tags=blue,red'), await found('tags-any=blue,red'), await found('not-tags-any=blue')], [1, 0, 1, 0]);
    await del(`${path}/tags`, me);
    assert.deepEqual((await get(path, me)).tags, []);
  }
});

test('a change that is wanted at one revision is not done at another', async () => {
  const me = token(project());
  const net = await network(me);
  const renamed = await put(`/networks/${net.id}`, me, { network: { name: 'one' } }, { 'If-Match': 'revision_number=1' });
  assert.equal(renamed.revision_number, 2);
  const late = await request('PUT', `/networks/${net.id}`, me, { network: { name: 'two' } }, { 'If-Match': 'revision_number=1' });
  assert.equal(late.status, 412);
  assert.equal((await get(`/networks/${net.id}`, me)).name, 'one');
});

test('quotas are shown, set by administrators, and exact when many ask at once', async () => {
  const name = project();
  const me = token(name);
  assert.deepEqual(await get(`/quotas/${name}`, me), { network: 100, subnet: 100, port: 500, security_group: 10, security_group_rule: 100 });
  await refused(request('GET', `/quotas/${project()}`, me), 403, 'AdminRequired');
  await refused(request('PUT', `/quotas/${name}`, me, { quota: { network: 1 } }), 403, 'PolicyNotAuthorized');
  await refused(request('PUT', `/quotas/${name}`, adminToken, { quota: { router: 1 } }), 400, undefined, /router/);
  await refused(request('PUT', `/quotas/${name}`, adminToken, { quota: { network: -2 } }), 400, undefined, /network/);
  assert.equal((await put(`/quotas/${name}`, adminToken, { quota: { network: 3 } })).network, 3);
  const answers = await Promise.all(Array.from({ length: 8 }, () => request('POST', '/networks', me, { network: {} })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 201, 409, 409, 409, 409, 409]);
  await refused(request('POST', '/networks', me, { network: {} }), 409, 'OverQuota', /Quota exceeded for resources: \['network'\]/);
  assert.deepEqual((await get(`/quotas/${name}/details`, me)).network, { limit: 3, used: 3, reserved: 0 });
  await refused(request('PUT', `/quotas/${name}`, adminToken, { quota: { network: 2 } }), 400, undefined, /already used 3/);
  assert.ok((await get('/quotas', adminToken)).some((quota: any) => quota.project_id === name && quota.network === 3));
  await del(`/networks/${(await get('/networks', me))[0].id}`, me);
  await network(me);
  await del(`/quotas/${name}`, adminToken);
  await network(me);
  assert.equal((await get(`/quotas/${name}/default`, me)).network, 100);
});

test('many at once in bulk are all made, or none', async () => {
  const me = token(project());
  const made = await post('/networks', me, { networks: [{ name: 'a' }, { name: 'b' }] });
  assert.deepEqual(made.map(({ name }: any) => name), ['a', 'b']);
  await refused(request('POST', '/subnets', me, { subnets: [{ network_id: made[0].id, ip_version: 4, cidr: '10.0.0.0/24' }, { network_id: made[0].id, ip_version: 4, cidr: '10.0.0.0/25' }] }), 400);
  assert.deepEqual(await get('/subnets', me), []);
});

test('clients find the versions and exactly the extensions that are here', async () => {
  const versions = (await call('GET', '/network/')).body.versions;
  assert.deepEqual(versions.map(({ id, status }: any) => [id, status]), [['v2.0', 'CURRENT']]);
  assert.ok((await call('GET', '/network/v2.0/', { token: adminToken })).body.resources.length > 0);
  const aliases = (await get('/extensions', adminToken)).map(({ alias }: any) => alias);
  for (const alias of ['external-net', 'security-group', 'quotas', 'binding', 'standard-attr-tag']) assert.ok(aliases.includes(alias), alias);
  for (const alias of ['router', 'qos', 'trunk', 'rbac-policies', 'agent', 'subnet_allocation']) assert.ok(!aliases.includes(alias), alias);
  assert.equal((await get('/extensions/external-net', adminToken)).alias, 'external-net');
  await refused(request('GET', '/extensions/router', adminToken), 404, 'ExtensionNotFound');
});
