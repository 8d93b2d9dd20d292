import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Vif } from '../../shared/agent/command.ts';
import { filterText, membersText } from '../../agent/network/filters.ts';
import { portOf } from '../../agent/network/port.ts';
import { run } from '../../agent/run.ts';
import { reasonToSkip, vifOf } from './network-rig.ts';

const skip = (await reasonToSkip()) ?? false;

const ipv4 = fc.ipV4().filter((address) => address !== '169.254.169.254'), ipv6 = fc.ipV6();
const range = fc.oneof(ipv4, ipv6, fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map((each) => each.join('/')), fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map((each) => each.join('/')));
const groups = [randomUUID(), randomUUID()];
const number = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 65_535 }));
const rule: fc.Arbitrary<Vif['security_rules'][number]> = fc.record({
  direction: fc.constantFrom('ingress', 'egress'), ethertype: fc.constantFrom('IPv4', 'IPv6'),
  protocol: fc.oneof(fc.constant(null), fc.constantFrom('tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'gre', 'vrrp', 'ah'), fc.integer({ min: 0, max: 255 }).map(String)),
  port_range_min: number, port_range_max: number, remote_ip_prefix: fc.oneof(fc.constant(null), range), remote_group_id: fc.constantFrom(null, ...groups),
});
const vif = fc.record({ security_rules: fc.array(rule), port_security: fc.boolean(), allowed_address_pairs: fc.array(fc.record({ ip_address: range, mac_address: fc.constantFrom('fa:16:3e:00:00:01', 'fa:16:3e:00:00:02') })) })
  .map((more) => vifOf(randomUUID(), 5, { ...more, mac_address: 'fa:16:3e:00:00:01' }));

test('rules, address pairs and members that users may make are rules that nftables takes', { skip }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(vif, { maxLength: 4 }), fc.array(range), fc.array(range), async (vifs, members, later) => {
    const ports = vifs.map((each, index) => ({ port: portOf({ ...each, network_id: vifs[0]!.network_id }), number: index + 1 }));
    const texts = [filterText(ports, 1, () => members), ...[later, [...later, ...members], members].map((each, index) => membersText(ports, 2 + index, () => each, groups[0]!))];
    await run('unshare', ['--net', 'sh', '-ec', texts.map((_, index) => `printf %s "$${index + 1}" | nft -f -`).join('; '), 'sh', ...texts]);
  }), { numRuns: 60 });
});
