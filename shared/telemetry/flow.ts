/** What happens in each of the launch's 28 steps, in a few words, for those who read its record. The actor is in the record. */
export const stepNames: Record<number, string> = {
  1: 'send credentials to keystone',
  2: 'authenticate and issue a token',
  3: 'request the launch',
  4: 'ask keystone to validate the token',
  5: 'answer with user, project and roles',
  6: 'check for conflicts',
  7: 'write the instance record',
  8: 'rpc.call nova-scheduler',
  9: 'take the request off the queue',
  10: 'filter, weigh and claim a host',
  11: 'answer with the host',
  12: 'rpc.cast nova-compute',
  13: 'take the request off the queue',
  14: 'rpc.call nova-conductor',
  15: 'take the request off the queue',
  16: 'read the instance record',
  17: 'answer with the instance',
  18: 'take the answer off the queue',
  19: 'ask glance-api for the image',
  20: 'validate the token for glance-api',
  21: 'have the image metadata',
  22: 'ask neutron-server for the network',
  23: 'validate the token for neutron-server',
  24: 'have the network information',
  25: 'ask cinder-api for the volumes',
  26: 'validate the token for cinder-api',
  27: 'have the block storage information',
  28: 'have the hypervisor boot the guest',
};

/** As the event's name that a client shows: `step-08 nova-api rpc.call nova-scheduler`. */
export const stepEventName = (step: number, actor: string) => `step-${String(step).padStart(2, '0')} ${actor} ${stepNames[step] ?? ''}`.trimEnd();
