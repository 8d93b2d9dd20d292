import type { ComputeNode } from '../../shared/objects/compute_node.ts';
import type { Requested } from '../../shared/objects/request_spec.ts';
import { resourcesOf, type Resources } from '../../shared/objects/resources.ts';

/** What is asked of the scheduler: Nova's RequestSpec, as far as filters look at it. */
export interface RequestSpec {
  instance: Requested;
  resources: Resources;
  /** Hosts of the instances that the hints same_host and different_host name. */
  sameHost?: Set<string>;
  differentHost?: Set<string>;
}

export const requestSpec = (instance: Requested): RequestSpec => ({ instance, resources: resourcesOf(instance) });

/** Instance uuids that a hint names: one, or a list. */
export function hintedInstances({ scheduler_hints: hints }: Requested, name: 'same_host' | 'different_host'): string[] {
  const value = hints[name];
  return [value].flat().filter((uuid): uuid is string => typeof uuid === 'string');
}

/** A host as the scheduler sees it; the record's counters, with what this environment has promised and not yet claimed. */
export type HostState = ComputeNode;
