import type { HostState } from '../request.ts';
import { matches } from './extra-specs.ts';
import type { Filter } from './filter.ts';

/**
 * The host has what the flavor's extra specs ask for: `capabilities:cpu_info:model`, `capabilities:hypervisor_type`, …, and keys
 * without a scope. Other scopes (`hw:`, `quota:`, `trait:` …) belong to others; `trait:NAME=required|forbidden` is held here too,
 * as placement would.
 */
export const computeCapabilitiesFilter: Filter = {
  concerns: ({ instance }) => Object.keys(instance.flavor.extra_specs).some((key) => pathOf(key) !== undefined || traitOf(key) !== undefined),
  passes: (host, { instance }) =>
    Object.entries(instance.flavor.extra_specs).every(([key, asked]) => {
      const trait = traitOf(key);
      if (trait !== undefined) return asked === 'forbidden' ? !host.traits.includes(trait) : asked !== 'required' || host.traits.includes(trait);
      const path = pathOf(key);
      return path === undefined || matches(valueAt(host, path), asked);
    }),
};

function pathOf(key: string): string[] | undefined {
  const path = key.split(':');
  if (path.length === 1) return path;
  return path[0] === 'capabilities' ? path.slice(1) : undefined;
}

const traitOf = (key: string) => /^trait:([A-Z0-9_]+)$/.exec(key)?.[1];

/** An attribute of the host, or one within it; undefined where there is no such thing. */
const valueAt = (host: HostState, path: string[]): unknown =>
  path.reduce<unknown>((value, part) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined), host);
