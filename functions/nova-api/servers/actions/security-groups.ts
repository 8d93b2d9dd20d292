import { badRequest, conflict, notFound } from '../../../../shared/http/errors.ts';
import type { Request } from '../../../../shared/http/route.ts';
import type { Instance } from '../../../../shared/objects/instance.ts';
import { Name, Optional, Strict } from '../../common/types.ts';
import { listPorts, listSecurityGroups, type SecurityGroup, updatePort } from '../../network.ts';
import { changeServer } from '../change.ts';
import { checkState } from '../task.ts';
import type { ServerAction } from './action.ts';

const schema = Strict({ name: Optional(Name) });
const BASE = 'os_compute_api:os-security-groups';

/** Puts a group on every port of the server. */
export const addSecurityGroup: ServerAction = {
  name: 'addSecurityGroup', policy: `${BASE}:add`, schema,
  run: (server, { name }: { name?: string }, request) =>
    change(server, name, request, (groups, group) => (groups.includes(group.id) ? undefined : [...groups, group.id]), (names, group) => [...new Set([...names, group.name])]),
};

/** Takes it off every port that has it; 404 where none has. */
export const removeSecurityGroup: ServerAction = {
  name: 'removeSecurityGroup', policy: `${BASE}:remove`, schema,
  run: (server, { name }: { name?: string }, request) =>
    change(
      server, name, request, (groups, group) => (groups.includes(group.id) ? groups.filter((id) => id !== group.id) : undefined),
      (names, group) => names.filter((each) => each !== group.name && each !== group.id),
      (group) => notFound(`Security group ${group.name} is not associated with the instance ${server.uuid}`),
    ),
};

async function change(
  server: Instance, name: string | undefined, { context }: Request,
  onPort: (groups: string[], group: SecurityGroup) => string[] | undefined, onRecord: (names: string[], group: SecurityGroup) => string[],
  unchanged?: (group: SecurityGroup) => Error,
) {
  if (!name) throw badRequest('Missing parameter name');
  checkState(server, 'addSecurityGroup', { vm: ['active', 'stopped', 'paused', 'suspended', 'error', 'building'], task: 'any', launched: false });
  const groups = await listSecurityGroups(context, { tenant_id: server.project_id });
  const matching = groups.filter((each) => each.id === name || each.name === name);
  if (matching.length === 0) throw notFound(`Security group ${name} not found for project ${server.project_id}`);
  if (matching.length > 1) throw conflict(`Multiple security groups found matching '${name}'. Use an ID to be more specific.`);
  const group = matching[0]!;
  const ports = await listPorts(context, { device_id: server.uuid });
  const changed = ports.flatMap((port) => {
    const security_groups = port.port_security_enabled === false ? undefined : onPort(port.security_groups, group);
    return security_groups ? [{ id: port.id, security_groups }] : [];
  });
  if (changed.length === 0 && unchanged) throw unchanged(group);
  await Promise.all(changed.map(({ id, security_groups }) => updatePort(context, id, { security_groups })));
  await changeServer(server, ['security_groups'], ({ security_groups }) => ({ security_groups: onRecord(security_groups, group) }));
  return { status: 202 };
}
