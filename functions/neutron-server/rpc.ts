import { serve, type Exhausted } from '../../shared/rpc/serve.ts';
import { neutronServer } from '../../shared/rpc/topics/neutron-server.ts';
import { refresh } from './refresh/refresh.ts';

/** The marks of what could not be told are still there: the sweeper begins anew. */
const exhausted: Exhausted = async () => {};

export const handler = serve(neutronServer, { refresh }, { exhausted });
