import { all, type Role } from './entities.ts';
import { remembered, type Versions } from './versions.ts';

const rolesAt = remembered(['role'], async () => byId(await all('role')));
const byId = (roles: Role[]) => new Map(roles.map((role) => [role.data.id, role]));

/** These roles and all that they imply. A role of a domain only stands for what it implies: it is in no token itself. Read anew but where versions are given. */
export async function effectiveRoles(ids: Iterable<string>, versions?: Versions): Promise<Role[]> {
  const given = [...ids];
  if (given.length === 0) return [];
  const known = versions && (await rolesAt(versions));
  const roles = known && given.every((id) => known.has(id)) ? known : byId(await all('role'));
  return expand(given, roles).map(({ role }) => role).filter((role) => role.data.domain_id === null);
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
