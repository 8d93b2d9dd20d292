import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dnsmasqConfig } from './dnsmasq.ts';
import { portOf } from './port.ts';

const uuid = (end: string) => `11111111-2222-4333-8444-${end.padStart(12, '0')}`;
const fixed = { ip_address: '10.0.0.5', subnet_id: uuid('3'), cidr: '10.0.0.0/24', gateway_ip: '10.0.0.1' as string | null, version: 4, dns_nameservers: [] as string[], host_routes: [] as { destination: string; nexthop: string }[], enable_dhcp: true };
const config = (fixed_ips: (typeof fixed)[], ...more: { ip: string; mac: string }[]) => {
  const port = (end: string, mac_address: string, ips: typeof fixed_ips) =>
    portOf({ port_id: uuid(end), network_id: uuid('2'), network_name: 'net', mac_address, mtu: 1400, port_security: true, fixed_ips: ips, security_rules: [] });
  const ports = [port('1', 'fa:16:3e:00:00:01', fixed_ips), ...more.map(({ ip, mac }, index) => port(`a${index}`, mac, [{ ...fixed, ip_address: ip }]))];
  return dnsmasqConfig(ports.map((each, index) => ({ port: each, number: index + 1, hostname: 'host' })), { user: 'nobody', logFile: '/log' }).trimEnd().split('\n');
};

test('a guest without a gateway still finds the metadata service, and no default route', () => {
  const lines = config([{ ...fixed, gateway_ip: null }]);
  assert.ok(lines.includes('dhcp-option=tag:p1,121,169.254.169.254/32,0.0.0.0'));
  assert.ok(lines.includes('dhcp-option=tag:p1,3'), 'an empty router: dnsmasq would name itself');
});

test('an address that two ports have does not end the network\'s DHCP: the later one has it', () => {
  const hosts = config([fixed], { ip: '10.0.0.5', mac: 'fa:16:3e:00:00:09' }).filter((line) => line.startsWith('dhcp-host='));
  assert.deepEqual(hosts, ['dhcp-host=fa:16:3e:00:00:09,set:p2,10.0.0.5,86400']);
});

test('routes beyond what an option holds are left out, the default route is not', () => {
  const many = Array.from({ length: 60 }, (_, index) => ({ destination: `192.168.${index}.0/24`, nexthop: '10.0.0.77' }));
  const option = config([{ ...fixed, host_routes: many }]).find((line) => line.startsWith('dhcp-option=tag:p1,121,'))!;
  assert.match(option, /^dhcp-option=tag:p1,121,169\.254\.169\.254\/32,0\.0\.0\.0,0\.0\.0\.0\/0,10\.0\.0\.1,192\.168\.0\.0\/24/);
  assert.ok(option.length < 1024, `${option.length} characters`);
});

test('a guest with two IPv4 addresses gets the first that has DHCP, and one of IPv6', () => {
  const lines = config([
    { ...fixed, enable_dhcp: false }, { ...fixed, ip_address: '10.0.1.5', cidr: '10.0.1.0/24', gateway_ip: null }, { ...fixed, ip_address: '10.0.2.5', cidr: '10.0.2.0/24', gateway_ip: null },
    { ...fixed, ip_address: 'fd00::5', cidr: 'fd00::/64', gateway_ip: null, version: 6 },
  ]);
  assert.deepEqual(lines.filter((line) => line.startsWith('dhcp-host=')), ['dhcp-host=fa:16:3e:00:00:01,set:p1,10.0.1.5,86400', 'dhcp-host=fa:16:3e:00:00:01,set:p1,[fd00::5],86400']);
  assert.ok(lines.includes('enable-ra'));
});
