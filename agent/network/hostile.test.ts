import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Vif } from '../../shared/agent/command.ts';
import { ActionFailed } from '../drivers/driver.ts';
import { dnsmasqConfig } from './dnsmasq.ts';
import { filterText, membersText } from './filters.ts';
import { portOf } from './port.ts';

const uuid = (end: string) => `11111111-2222-4333-8444-${end.padStart(12, '0')}`;
const good: Vif = {
  port_id: uuid('1'), network_id: uuid('2'), network_name: 'net', mac_address: 'fa:16:3e:00:00:01', mtu: 1500, port_security: true,
  fixed_ips: [{
    ip_address: '10.0.0.5', subnet_id: uuid('3'), cidr: '10.0.0.0/24', gateway_ip: '10.0.0.1', version: 4, dns_nameservers: ['192.0.2.53'],
    host_routes: [{ destination: '192.0.2.0/24', nexthop: '10.0.0.9' }], enable_dhcp: true,
  }],
  security_rules: [{ direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', port_range_min: 22, port_range_max: 22, remote_ip_prefix: '10.0.0.0/8', remote_group_id: null }],
  allowed_address_pairs: [{ ip_address: '10.0.0.128/25', mac_address: 'fa:16:3e:00:00:02' }],
};

/** What users or a broken service might put where an address, a name or a number should be. */
const evil = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('10.0.0.5\ndhcp-script=/bin/sh', '10.0.0.0/24; flush ruleset', '10.0.0.5 }\ndelete table inet novaless', '../../etc/passwd', '$(reboot)', '`reboot`', '-x', '',
    '10.0.0.5%eth0', 'fe80::1%br0', '0x0a000005', '010.0.0.5', '10.5', '::ffff:10.0.0.5/129', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/1e1', '10.0.0.0/ 8', 'fa:16:3e:00:00:01,set:known', '169.254.169.254'),
);
const broken = (text: string): fc.Arbitrary<Vif> => fc.constantFrom<(vif: Vif) => void>(
  (vif) => (vif.port_id = text), (vif) => (vif.network_id = text), (vif) => (vif.network_name = text), (vif) => (vif.mac_address = text), (vif) => (vif.tag = text),
  (vif) => (vif.fixed_ips[0]!.ip_address = text), (vif) => (vif.fixed_ips[0]!.cidr = text), (vif) => (vif.fixed_ips[0]!.gateway_ip = text), (vif) => (vif.fixed_ips[0]!.subnet_id = text),
  (vif) => (vif.fixed_ips[0]!.dns_nameservers[0] = text), (vif) => (vif.fixed_ips[0]!.host_routes[0]!.destination = text), (vif) => (vif.fixed_ips[0]!.host_routes[0]!.nexthop = text),
  (vif) => (vif.allowed_address_pairs![0]!.ip_address = text), (vif) => (vif.allowed_address_pairs![0]!.mac_address = text),
  (vif) => (vif.security_rules[0]!.ethertype = text), (vif) => (vif.security_rules[0]!.protocol = text), (vif) => (vif.security_rules[0]!.remote_ip_prefix = text),
  (vif) => Object.assign(vif.security_rules[0]!, { remote_ip_prefix: null, remote_group_id: text }),
).map((change) => {
  const vif = structuredClone(good);
  change(vif);
  return vif;
});

const address = '[0-9a-f.:]+';
const dnsmasqLines = [
  /^(port=0|interface=br0|except-interface=lo|bind-interfaces|no-resolv|no-hosts|no-ping|leasefile-ro|dhcp-authoritative|dhcp-ignore-names|pid-file|quiet-(dhcp|dhcp6|ra)|enable-ra)$/,
  /^(user=dnsmasq|log-facility=\/var\/log\/x|dhcp-ignore=tag:!known|ra-param=br0,mtu:\d+,60,0|shared-network=br0,[0-9.]+)$/,
  new RegExp(`^dhcp-range=${address},static,(${address}|\\d+),86400$`),
  new RegExp(`^dhcp-host=[0-9a-f:]{17},set:p\\d+,(${address}|\\[${address}\\]),86400$`),
  new RegExp(`^dhcp-option=tag:p\\d+,((3|6|26)(,${address})*|12,[A-Za-z0-9-]{1,63}|option6:dns-server(,\\[${address}\\])+|(121|249),[0-9./,]+)$`),
];
const nftWord = /^(\{|\}|[a-z0-9_.,:;/&!=@"-]+)$/;

test('names and addresses that mean more than they say reach neither dnsmasq nor nftables', () => {
  fc.assert(fc.property(evil.chain(broken), evil, fc.array(evil), (vif, hostname, members) => {
    let port;
    try {
      port = portOf(vif);
    } catch (error) {
      assert.ok(error instanceof ActionFailed, String(error));
      assert.match(error.message, /^The host cannot use the port's [a-z_.]+\.$/);
      return;
    }
    for (const line of dnsmasqConfig([{ port, number: 1, hostname }], { user: 'dnsmasq', logFile: '/var/log/x' }).trimEnd().split('\n')) {
      assert.ok(dnsmasqLines.some((known) => known.test(line)), JSON.stringify(line));
      assert.ok(line.length < 1024);
    }
    port.rules.push({ ...good.security_rules[0]!, remote_ip_prefix: null, remote_group_id: uuid('9') });
    const filtered = [{ port, number: 1 }];
    const lines = filterText(filtered, 1, () => [...members, '10.0.0.7']).trimEnd().split('\n');
    for (const line of lines) for (const word of line.trim().split(' ')) assert.match(word, nftWord, line);
    assert.equal(lines.filter((line) => line.endsWith('{')).length, lines.filter((line) => line === '}').length);
    for (const line of membersText(filtered, 1, () => [...members, '10.0.0.7'], uuid('9')).trimEnd().split('\n')) {
      assert.match(line, /^(flush|add) (set|element|chain|rule) inet novaless (members[46]_[0-9a-f]{32}|judged?)( |$)/);
      for (const word of line.split(' ')) assert.match(word, nftWord, line);
    }
  }), { numRuns: 3000 });
});

test('a rule that nothing can fit opens nothing', () => {
  const [rule] = good.security_rules;
  const ingress = (change: object) => {
    const lines = filterText([{ port: portOf({ ...good, security_rules: [{ ...rule!, ...change }] }), number: 1 }], 1, () => []).split('\n');
    const start = lines.indexOf('chain ingress_1 {');
    return lines.slice(start + 1, lines.indexOf('}', start)).map((line) => line.trim());
  };
  assert.deepEqual(ingress({}), ['meta nfproto ipv4 ct original protocol 6 ct original ip saddr 10.0.0.0/8 ct original proto-dst 22 return', 'drop']);
  assert.deepEqual(ingress({ remote_ip_prefix: '0.0.0.0/0', protocol: 'ICMP', port_range_min: 8, port_range_max: 0 }), ['meta nfproto ipv4 ct original protocol 1 ct original proto-dst 2048 return', 'drop']);
  const set = `members4_${uuid('9').replaceAll('-', '')}`;
  assert.deepEqual(ingress({ remote_ip_prefix: null, remote_group_id: uuid('9') }), [`meta nfproto ipv4 ct original protocol 6 ct original ip saddr @${set} ct original proto-dst 22 return`, 'drop']);
  for (const change of [
    { remote_ip_prefix: 'fd00::/8' }, { remote_ip_prefix: null, remote_group_id: 'g' }, { protocol: 'no such' }, { protocol: '256' },
    { port_range_min: 23, port_range_max: 22 }, { port_range_min: -1 }, { port_range_max: 65_536 }, { protocol: 'gre' }, { protocol: null }, { protocol: 'icmp', port_range_min: null, port_range_max: 1 },
  ]) assert.deepEqual(ingress(change), ['drop'], JSON.stringify(change));
});

test('a set holds a group\'s members of its IP version, each once; of a group that nobody told of, or that is empty, none', () => {
  const port = portOf({ ...good, security_rules: (['IPv4', 'IPv6'] as const).map((ethertype) => ({ ...good.security_rules[0]!, ethertype, remote_ip_prefix: null, remote_group_id: uuid('9') })) });
  const sets = (addresses: string[]) => [...filterText([{ port, number: 1 }], 1, () => addresses).matchAll(/set members([46])_\w+ \{\n.*\n(?: {2}elements = (.*)\n)?\}/g)].map(([, version, list]) => [version, list]);
  assert.deepEqual(sets(['10.0.0.7', 'fd00::7', '10.0.0.7', '10.0.0.0/24', '10.0.1.3', 'fd00::/64', '10.0.0.0/25', 'nonsense', '10.0.0.300']), [['4', '{ 10.0.0.0/24, 10.0.1.3 }'], ['6', '{ fd00::/64 }']]);
  assert.deepEqual(sets([]), [['4', undefined], ['6', undefined]]);
});

test('a port cannot have the address of the bridge or of the metadata service, nor a group\'s MAC', () => {
  const change = (more: Partial<Vif>) => () => portOf({ ...good, ...more });
  const fixed = good.fixed_ips[0]!;
  assert.throws(change({ fixed_ips: [{ ...fixed, ip_address: '169.254.169.254', cidr: '169.254.0.0/16', gateway_ip: null }] }), ActionFailed);
  assert.throws(change({ fixed_ips: [{ ...fixed, ip_address: 'fd00::', cidr: 'fd00::/64', gateway_ip: null, dns_nameservers: [], host_routes: [] }] }), ActionFailed);
  for (const mac_address of ['01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00']) assert.throws(change({ mac_address }), ActionFailed);
  assert.equal(portOf({ ...good, mac_address: 'FA:16:3E:00:00:01' }).mac, 'fa:16:3e:00:00:01');
});

test('an allowed pair that covers the port\'s own address makes no set that nftables refuses', () => {
  for (const ip_address of ['10.0.0.0/8', '0.0.0.0/0', '10.0.0.5', '10.0.0.5/32']) {
    const text = filterText([{ port: portOf({ ...good, allowed_address_pairs: [{ ip_address, mac_address: good.mac_address }] }), number: 1 }], 1, () => []);
    const [, set] = /ip saddr \{ (.*?) \} accept/.exec(text)!;
    assert.equal(set!.split(', ').length, 1);
  }
});
