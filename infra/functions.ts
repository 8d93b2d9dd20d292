import type { FunctionDeclaration } from '../shared/deployment/declaration.ts';
import { cinderApi } from '../functions/cinder-api/deployment.ts';
import { glanceApi } from '../functions/glance-api/deployment.ts';
import { keystone } from '../functions/keystone/deployment.ts';
import { neutronServer } from '../functions/neutron-server/deployment.ts';
import { novaApi } from '../functions/nova-api/deployment.ts';
import { novaCompute } from '../functions/nova-compute/deployment.ts';
import { novaConductor } from '../functions/nova-conductor/deployment.ts';
import { novaLaunch } from '../functions/nova-launch/deployment.ts';
import { novaScheduler } from '../functions/nova-scheduler/deployment.ts';

/** Every function that is deployed; a new service is one line here. */
export const functions: FunctionDeclaration[] = [
  ...keystone, ...novaApi, ...novaScheduler, ...novaConductor, ...novaCompute, ...novaLaunch, ...glanceApi, ...neutronServer, ...cinderApi,
];
