import type { Kind } from '../errors.ts';

/** What is counted, with Neutron's default limits (`quota_network`, …); -1 is no limit. */
export const defaultQuotas: Record<Kind, number> = { network: 100, subnet: 100, port: 500, security_group: 10, security_group_rule: 100 };
export const countedKinds = Object.keys(defaultQuotas) as Kind[];
