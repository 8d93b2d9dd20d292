import type { Reply, Request, Versioned } from '../../../shared/http/route.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { Description, DiskConfig, Fqdn, Hostname, Ipv4, Ipv6, Name, Optional, Strict, type Static } from '../common/types.ts';
import * as Type from '@sinclair/typebox';
import { changeServer } from './change.ts';
import { findServer } from './find.ts';
import { hostsOf } from './show.ts';
import { tellMetadata } from './tell-metadata.ts';
import { updatedServer } from './view.ts';

const v1 = { name: Optional(Name), 'OS-DCF:diskConfig': Optional(DiskConfig), accessIPv4: Optional(Ipv4), accessIPv6: Optional(Ipv6) };
const v19 = { ...v1, description: Optional(Description) };
const v94 = { ...v19, hostname: Optional(Fqdn) };
const All = Type.Object(v94);

/** 2.19 adds the description, 2.90 the host name, 2.94 lets it be a whole domain name. */
export const updateSchema: Versioned = [
  { from: 1, schema: Strict({ server: Strict(v1) }) }, { from: 19, schema: Strict({ server: Strict(v19) }) },
  { from: 90, schema: Strict({ server: Strict({ ...v19, hostname: Optional(Hostname) }) }) }, { from: 94, schema: Strict({ server: Strict(v94) }) },
];

export async function updateServer(request: Request<{ server: Static<typeof All> }>): Promise<Reply> {
  const { name, description, hostname, accessIPv4, accessIPv6, 'OS-DCF:diskConfig': diskConfig } = request.body.server;
  const change: Partial<Instance> = {
    ...(name !== undefined && { display_name: name.trim() }),
    ...(description !== undefined && { display_description: description }),
    ...(hostname !== undefined && { hostname }),
    ...(accessIPv4 !== undefined && { access_ip_v4: accessIPv4 }),
    ...(accessIPv6 !== undefined && { access_ip_v6: accessIPv6 }),
    ...(diskConfig !== undefined && { disk_config: diskConfig }),
  };
  const server = await changeServer(await findServer(request), [], () => change);
  if (name !== undefined) await tellMetadata(server, request);
  return { body: { server: updatedServer(server, request, { single: true, node: (await hostsOf([server], request)).get(server.host) }) } };
}
