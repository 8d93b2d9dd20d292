import type { HostState, RequestSpec } from './request.ts';
import { weighers, type WeigherName } from './weighers/index.ts';

/** The hosts, best first. */
export function weighHosts(hosts: HostState[], request: RequestSpec, multipliers: Record<WeigherName, number>): HostState[] {
  const total = new Float64Array(hosts.length);
  for (const [name, multiplier] of Object.entries(multipliers) as [WeigherName, number][]) {
    if (multiplier === 0) continue;
    const weights = hosts.map((host) => weighers[name](host, request));
    normalized(weights).forEach((weight, i) => { total[i]! += weight * multiplier; });
  }
  return hosts
    .map((host, i) => ({ host, weight: total[i]! }))
    .sort((a, b) => b.weight - a.weight || (a.host.host < b.host.host ? -1 : 1))
    .map(({ host }) => host);
}

/** Scaled so that the least is 0 and the greatest 1; all 0 where they are the same. */
export function normalized(weights: number[]): number[] {
  let least = Infinity;
  let greatest = -Infinity;
  for (const weight of weights) {
    if (weight < least) least = weight;
    if (weight > greatest) greatest = weight;
  }
  const range = greatest - least;
  return weights.map((weight) => (range === 0 ? 0 : (weight - least) / range));
}

/** The first is one of the best `size`, by chance; the others keep their order. */
export function oneOfTheBest(hosts: HostState[], size: number, random = Math.random): HostState[] {
  const chosen = Math.floor(random() * Math.min(Math.max(1, size), hosts.length));
  return chosen === 0 ? hosts : [hosts[chosen]!, ...hosts.slice(0, chosen), ...hosts.slice(chosen + 1)];
}
