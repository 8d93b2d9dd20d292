import { callerOf } from '../caller.ts';
import { CannotDo, goneIsFine, refusalsAreFinal } from '../errors.ts';
import { neutron } from '../network/neutron.ts';
import { UNBOUND } from '../network/ports.ts';
import { firstTold } from '../network/refresh.ts';
import { vifOf } from '../network/vif.ts';
import type { Asked, Prepared, ServerAction } from './server-action.ts';

/** The interface as nova-api has put it into the record, its port bound to the instance. */
interface InterfaceArgs { port_id: string; created_by_nova?: boolean; tag?: string }
const argsOf = ({ args }: Asked) => args as unknown as InterfaceArgs;

export const attachInterface: ServerAction = {
  kind: 'attach_interface', event: 'compute_attach_interface', seconds: 60,
  args: async (asked) => (await prepare(asked)).args,
  prepare,
  undo: letGo,
};

async function prepare(asked: Asked): Promise<Prepared> {
  const { port_id, tag } = argsOf(asked);
  const client = neutron(callerOf(asked.context));
  const { vif, as_of } = await refusalsAreFinal((async () => {
    const port = await client.port(port_id);
    if (port.device_id !== asked.instance_uuid) throw new CannotDo(`Port ${port_id} is not bound to instance ${asked.instance_uuid}.`);
    return { vif: vifOf(port, tag), as_of: port['binding:filter'].as_of };
  })());
  const { instance_uuid, host } = asked;
  return { args: { instance_uuid, vif }, writes: firstTold(instance_uuid, host, [vif], new Map([[port_id, as_of]])) };
}

export const detachInterface: ServerAction = {
  kind: 'detach_interface', event: 'compute_detach_interface', seconds: 60,
  args: (asked) => ({ instance_uuid: asked.instance_uuid, port_id: argsOf(asked).port_id }),
  done: letGo,
};

/** The port goes, or is only let go of where the user brought it; the record forgets it. */
async function letGo(asked: Asked) {
  const { port_id, created_by_nova } = argsOf(asked);
  const client = neutron(callerOf(asked.context));
  await goneIsFine(created_by_nova ? client.deletePort(port_id) : client.updatePort(port_id, UNBOUND));
  return { port: { port_id, interface: null } };
}
