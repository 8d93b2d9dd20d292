import { METADATA_IPV4, METADATA_IPV6 } from './addresses.ts';
import { BRIDGE, tapName } from './names.ts';
import type { Port } from './port.ts';
import { groupsNamedBy } from '../drivers/security-groups.ts';
import { conditionsOf, elementsOf, setOf } from './security-rules.ts';
import { fromGuest, noServices, toGuest } from './spoofing.ts';

export interface Filtered { port: Port; number: number }
/** Addresses and CIDRs of a security group's members, as far as they are known. */
export type Members = (group: string) => readonly string[];

const TABLE = 'novaless';
const inMark = (number: number) => `0x${(number << 16 >>> 0).toString(16)}`;
const outMark = (number: number) => `0x${number.toString(16)}`;
const IN = 'meta mark and 0xffff0000', OUT = 'meta mark and 0x0000ffff';

/**
 * The rules of a network's namespace as nft reads them, replaced as one transaction.
 *
 * A frame passes `table bridge` first: it is judged at the tap it came from, and marked with the numbers of both ports (many kernels
 * can't track connections there). br_netfilter then shows it to `table inet`, where a connection is allowed when its first packet
 * fits the sender's egress rules and the receiver's ingress rules. What was found allowed is marked with the rules' generation:
 * once the rules change, the next packet of each connection is judged anew, so what is not allowed any more ends at once.
 *
 * Rules that name a group look into a set of its members, one for all ports.
 */
export function filterText(ports: Filtered[], generation: number, members: Members): string {
  const chain = (name: string, lines: string[]) => [`chain ${name} {`, ...lines.map((line) => `  ${line}`), '}'];
  const each = (lines: (port: Filtered) => string[]) => ports.flatMap(lines);
  const map = (key: string, pairs: (port: Filtered) => string, only = ports) => (only.length > 0 ? [`${key} vmap { ${only.map(pairs).join(', ')} }`] : []);
  return [
    ...['bridge', 'inet'].flatMap((family) => [`add table ${family} ${TABLE}`, `delete table ${family} ${TABLE}`]), // a table to delete must be there

    `table bridge ${TABLE} {`,
    ...each(({ port, number }) => [
      ...chain(`from_${number}`, [`meta mark set ${inMark(number)}`, ...fromGuest(port)]),
      ...chain(`to_${number}`, [...toGuest(port), `meta mark set meta mark and 0xffff0000 or ${outMark(number)}`, 'accept']),
    ]),
    ...chain('prerouting', ['type filter hook prerouting priority -300; policy drop;', ...map('iifname', ({ port, number }) => `"${tapName(port.id)}" : goto from_${number}`)]),
    ...chain('forward', ['type filter hook forward priority -10; policy drop;', ...map('oifname', ({ port, number }) => `"${tapName(port.id)}" : goto to_${number}`)]),
    '}',

    `table inet ${TABLE} {`,
    ...setsOf(ports).flatMap(({ name, version, group }) => [
      `set ${name} {`, `  type ipv${version}_addr; flags interval;`, ...elements(members, group, version).map((list) => `  elements = ${list}`), '}',
    ]),
    ...chain('services', noServices),
    ...generationChains(generation).flatMap(([name, rule]) => chain(name, [rule])),
    ...each(({ port, number }) => [...chain(`egress_${number}`, judge(port, 'egress')), ...chain(`ingress_${number}`, judge(port, 'ingress'))]),
    ...chain('forward', [
      'type filter hook forward priority 0; policy drop;',
      `${IN} 0 drop`, `${OUT} 0 drop`,
      ...map(IN, ({ number }) => `${inMark(number)} : jump services`, ports.filter(({ port }) => port.secured)),
      `icmpv6 type { ${neighbors}, nd-router-advert } accept`,
      'ct state invalid drop',
      'jump judged',
      ...map(`ct direction original ${IN}`, ({ number }) => `${inMark(number)} : jump egress_${number}`),
      ...map(`ct direction original ${OUT}`, ({ number }) => `${outMark(number)} : jump ingress_${number}`),
      ...map(`ct direction reply ${OUT}`, ({ number }) => `${outMark(number)} : jump egress_${number}`),
      ...map(`ct direction reply ${IN}`, ({ number }) => `${inMark(number)} : jump ingress_${number}`),
      'jump judge',
      'accept',
    ]),
    ...chain('input', [
      'type filter hook input priority 0; policy drop;',
      `iifname != "${BRIDGE}" drop`,
      'ct state related accept',
      'udp dport { 67, 547 } accept',
      `ip daddr ${METADATA_IPV4} tcp dport 80 accept`,
      `ip6 daddr ${METADATA_IPV6} tcp dport 80 accept`,
      `ip daddr ${METADATA_IPV4} icmp type echo-request limit rate 20/second accept`,
      `icmpv6 type { ${neighbors} } accept`,
    ]),
    ...chain('output', [
      'type filter hook output priority 0; policy drop;',
      'ct state established,related accept',
      'udp sport { 67, 547 } accept',
      `icmpv6 type { ${neighbors}, nd-router-advert } accept`,
    ]),
    '}',
  ].join('\n') + '\n';
}

/** Only other members: no port's chain is touched, and what was found allowed is looked at again. As one transaction; the sets must be there. */
export function membersText(ports: Filtered[], generation: number, members: Members, group: string): string {
  return [
    ...setsOf(ports).filter((set) => set.group === group).flatMap(({ name, version }) => [
      `flush set inet ${TABLE} ${name}`,
      ...elements(members, group, version).map((list) => `add element inet ${TABLE} ${name} ${list}`),
    ]),
    ...generationChains(generation).flatMap(([name, rule]) => [`flush chain inet ${TABLE} ${name}`, `add rule inet ${TABLE} ${name} ${rule}`]),
  ].join('\n') + '\n';
}

const generationChains = (generation: number): [name: string, rule: string][] => [
  ['judged', `ct state established,related ct mark ${generation} accept`],
  ['judge', `ct mark set ${generation}`],
];

function setsOf(ports: Filtered[]): { name: string; group: string; version: 4 | 6 }[] {
  const groups = [...new Set(ports.flatMap(({ port: { rules, secured } }) => (secured ? groupsNamedBy({ security_rules: rules }) : [])))].sort();
  return groups.flatMap((group) => ([4, 6] as const).flatMap((version) => {
    const name = setOf(group, version);
    return name === undefined ? [] : [{ name, group, version }];
  }));
}

/** As nft takes it; none for an empty set. */
function elements(members: Members, group: string, version: 4 | 6): string[] {
  const list = elementsOf(members(group), version);
  return list.length > 0 ? [`{ ${list.join(', ')} }`] : [];
}

const neighbors = 'nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report';

function judge(port: Port, direction: 'ingress' | 'egress'): string[] {
  if (!port.secured) return [];
  const conditions = port.rules.filter((rule) => rule.direction === direction).map(conditionsOf).filter((each) => each !== undefined);
  return [...[...new Set(conditions)].map((each) => `${each} return`), 'drop'];
}
