import { serve } from '../../shared/rpc/serve.ts';
import { novaCompute } from '../../shared/rpc/topics/nova-compute.ts';
import { instanceAction } from './actions/instance-action.ts';
import { buildAndRunInstance, instanceGot } from './build/begin.ts';
import { buildOverdue } from './build/overdue.ts';
import { volumeReady } from './build/volume-ready.ts';
import { exhausted } from './exhausted.ts';
import { refreshMetadata } from './metadata.ts';
import { refreshInterfaces } from './network/refresh.ts';
import { refreshSecurityGroup } from './network/security-groups.ts';
import { reapGuest } from './terminate/reap.ts';
import { terminateInstance } from './terminate/terminate.ts';
import { createVolume, deleteVolume } from './volumes.ts';

export const handler = serve(
  novaCompute,
  {
    build_and_run_instance: buildAndRunInstance,
    build_overdue: buildOverdue,
    instance_got: instanceGot,
    instance_action: instanceAction,
    refresh_interfaces: refreshInterfaces,
    refresh_security_group: refreshSecurityGroup,
    refresh_metadata: refreshMetadata,
    terminate_instance: terminateInstance,
    reap_guest: reapGuest,
    create_volume: createVolume,
    delete_volume: deleteVolume,
    volume_ready: volumeReady,
  },
  { exhausted },
);
