import { randomInt } from 'node:crypto';
import { flatNetworkInUse, invalidInput, tunnelIdInUse, vlanIdInUse } from '../errors.ts';
import type { Network } from '../store/records.ts';
import type { NetworkCreate } from './schema.ts';

export type Segment = Pick<Network, 'provider:network_type' | 'provider:physical_network' | 'provider:segmentation_id'>;

const tunnels = ['vxlan', 'gre', 'geneve'];
const PROJECT_TYPE = 'vxlan'; // what a network is where nobody says
const ranges: Record<string, [number, number]> = { vlan: [1, 4094], vxlan: [1, 16_777_215], gre: [1, 16_777_215], geneve: [1, 16_777_215] };

/** A segment as asked for; a free choice of its number is drawn at random, and drawn again where another network has it. */
export function chooseSegment(given: NetworkCreate): Segment & { drawn: boolean } {
  const type = given['provider:network_type'] ?? PROJECT_TYPE;
  const physical = given['provider:physical_network'] ?? null;
  const number = given['provider:segmentation_id'] ?? null;
  if (given['provider:network_type'] === undefined && (physical !== null || number !== null)) throw invalidInput('network_type required');
  if ((type === 'flat' || type === 'vlan') && physical === null) throw invalidInput(`physical_network required for ${type} provider network`);
  if (type !== 'flat' && type !== 'vlan' && physical !== null) throw invalidInput(`provider:physical_network specified for ${type} network`);
  const range = ranges[type];
  if (number !== null && !range) throw invalidInput(`segmentation_id specified for ${type} network`);
  if (number !== null && range && (number < range[0] || number > range[1])) throw invalidInput(`segmentation_id out of range (${range[0]} through ${range[1]})`);
  return {
    'provider:network_type': type,
    'provider:physical_network': physical,
    'provider:segmentation_id': number ?? (range ? randomInt(range[0], range[1] + 1) : null),
    drawn: number === null && range !== undefined,
  };
}

/** A `local` network has no segment that another could share. */
export const isUnique = ({ 'provider:network_type': type }: Segment) => type !== 'local';

export function segmentInUse(segment: Segment) {
  const { 'provider:network_type': type, 'provider:physical_network': physical, 'provider:segmentation_id': number } = segment;
  return tunnels.includes(type) ? tunnelIdInUse(number!) : type === 'vlan' ? vlanIdInUse(number!, physical!) : flatNetworkInUse(physical!);
}
