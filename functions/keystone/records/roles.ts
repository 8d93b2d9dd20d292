import { all, type Role } from './entities.ts';

/** How long an environment goes by the roles that it has read; an id that it does not know makes it read again. */
const KEEP_MS = 5_000;
let known: { until: number; roles: Map<string, Role> } | undefined;

async function book(ids: Iterable<string>): Promise<Map<string, Role>> {
  if (!known || known.until < Date.now() || [...ids].some((id) => !known!.roles.has(id))) known = { until: Date.now() + KEEP_MS, roles: byId(await all('role')) };
  return known.roles;
}
const byId = (roles: Role[]) => new Map(roles.map((role) => [role.data.id, role]));

/** After a change made here, so that this environment at least sees it at once. */
export const forgetRoles = () => { known = undefined; };

/** These roles and all that they imply. A role of a domain only stands for what it implies: it is in no token itself. */
export async function effectiveRoles(ids: Iterable<string>): Promise<Role[]> {
  const given = [...ids];
  if (given.length === 0) return [];
  return expand(given, await book(given)).map(({ role }) => role).filter((role) => role.data.domain_id === null);
}

/** Each role with the one that brought it (undefined: given directly). */
export function expand(ids: string[], roles: Map<string, Role>): { role: Role; prior?: string }[] {
  const found = new Map<string, { role: Role; prior?: string }>();
  const visit = (id: string, prior?: string) => {
    const role = roles.get(id);
    if (!role || found.has(id)) return;
    found.set(id, { role, ...(prior !== undefined && { prior }) });
    for (const implied of role.implies ?? []) visit(implied, id);
  };
  for (const id of ids) visit(id);
  return [...found.values()];
}
