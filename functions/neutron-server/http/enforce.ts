import type { Request } from '../../../shared/http/route.ts';
import { policyNotAuthorized } from '../errors.ts';
import type { PolicyName } from '../policies.ts';

type Owner = { project_id: string };

/** Neutron's 403 unless the rule holds for one of the targets: the resource itself, or the network that it stands on. */
export function enforce(request: Request, rule: PolicyName, ...targets: Owner[]): void {
  if (!targets.some((target) => request.allowed(rule, target))) throw policyNotAuthorized(rule);
}

/** For every attribute that the request gives and that has a rule of its own. */
export function enforceAttributes(request: Request, action: string, given: object, rules: readonly string[], ...targets: Owner[]): void {
  for (const name of rules) if ((given as Record<string, unknown>)[name] !== undefined) enforce(request, `${action}:${name}` as PolicyName, ...targets);
}
