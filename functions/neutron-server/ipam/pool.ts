import { formatAddress, parseAddress, type IpVersion } from './address.ts';
import { parseCidr, usable } from './cidr.ts';

/** As the API shows them: both ends belong to the pool. */
export interface AllocationPool { start: string; end: string }

/** All usable addresses of the network but its gateway's. */
export function defaultPools(cidr: string, gateway: string | null): AllocationPool[] {
  const network = parseCidr(cidr)!;
  const { first, last } = usable(network);
  const out = gateway === null ? undefined : parseAddress(gateway)?.value;
  const ranges: [bigint, bigint][] = out === undefined || out < first || out > last ? [[first, last]] : [[first, out - 1n], [out + 1n, last]];
  const text = (value: bigint) => formatAddress({ version: network.version, value });
  return ranges.filter(([start, end]) => start <= end).map(([start, end]) => ({ start: text(start), end: text(end) }));
}

/** `random(n)`: a whole number from 0 to n - 1. */
export type Random = (n: bigint) => bigint;

/**
 * A free address out of the pools, looked for from a random start, so that many who ask at once seldom meet; undefined where
 * every one is taken. `taken` may know of addresses outside of the pools too.
 */
export function freeAddress(version: IpVersion, pools: AllocationPool[], taken: ReadonlySet<string>, random: Random): string | undefined {
  const ranges = pools.map(({ start, end }) => {
    const first = parseAddress(start)!.value;
    return { first, size: parseAddress(end)!.value - first + 1n };
  });
  const total = ranges.reduce((sum, { size }) => sum + size, 0n);
  if (total === 0n) return undefined;
  const nth = (n: bigint) => {
    for (const { first, size } of ranges) {
      if (n < size) return formatAddress({ version, value: first + n });
      n -= size;
    }
    throw new RangeError('beyond the pools');
  };
  const start = random(total);
  // one of any `taken.size + 1` different addresses is free, or all of the pools are taken
  const steps = total <= BigInt(taken.size) ? total : BigInt(taken.size) + 1n;
  for (let step = 0n; step < steps; step++) {
    const address = nth((start + step) % total);
    if (!taken.has(address)) return address;
  }
  return undefined;
}
