import type { RequestContext } from '../../../shared/identity/context.ts';
import { addressPairAndPortSecurityRequired, portSecurityPortHasSecurityGroup, portSecurityRequiredForSecurityGroups, resourceNotFound } from '../errors.ts';
import { isMarked } from '../store/deletion.ts';
import type { Port, SecurityGroup } from '../store/records.ts';
import { sees } from '../store/visible.ts';

/** Every group that a port shall have must be there, for this asker. */
export function requireGroups(context: RequestContext, ids: string[], found: SecurityGroup[]): void {
  for (const id of ids) {
    const group = found.find((one) => one.id === id);
    if (!group || isMarked(group) || !sees(context, group)) throw resourceNotFound('security_group', id);
  }
}

/** Groups and address pairs mean something only where port security is on. `asked`: the request itself names groups. */
export function checkPortSecurity(port: Pick<Port, 'port_security_enabled' | 'security_groups' | 'allowed_address_pairs'>, asked: boolean): void {
  if (port.port_security_enabled) return;
  if (port.security_groups.length) throw asked ? portSecurityRequiredForSecurityGroups() : portSecurityPortHasSecurityGroup();
  if (port.allowed_address_pairs.length) throw addressPairAndPortSecurityRequired();
}
