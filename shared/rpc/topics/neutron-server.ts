import * as Type from '@sinclair/typebox';
import { topic } from '../topic.ts';

/** Work that the network service leaves for after its answer. */
export const neutronServer = topic('neutron-server', {
  /** Who stands behind a security group, or what a port may send and receive, changed: the hosts of the ports concerned are to know. */
  refresh: { args: Type.Object({ subject: Type.String({ pattern: '^(group|port)#.+$' }) }) },
});
