import { notFound } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { addressesOf } from './addresses.ts';
import { findServer } from './find.ts';

const plain = (server: Instance) =>
  Object.fromEntries(Object.entries(addressesOf(server)).map(([label, addresses]) => [label, addresses.map(({ version, addr }) => ({ version, addr }))]));

export const listIps = async (request: Request): Promise<Reply> => ({ body: { addresses: plain(await findServer(request)) } });

export async function showIps(request: Request): Promise<Reply> {
  const label = request.params['label']!;
  const addresses = plain(await findServer(request))[label];
  if (!addresses) throw notFound('Instance is not a member of specified network');
  return { body: { [label]: addresses } };
}
