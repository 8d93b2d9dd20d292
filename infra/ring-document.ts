import type { Stack } from 'aws-cdk-lib';
import type { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import { commandDocument } from './command-document.ts';
import { documents } from './names.ts';

/** Where the agent is on a host, whoever put it there. */
const agent = '/opt/novaless/bin/novaless-agent';

/**
 * The document through which nova-compute rings a host. Its only parameter is the ring's id, held to a UUID, because
 * Run Command pastes parameters into the shell script: nothing that a user wrote ever travels this way.
 */
export function ringDocument(stack: Stack): CfnDocument {
  return commandDocument(stack, 'RingDocument', documents.ring, {
    description: 'Tells the Novaless agent that commands wait for this host',
    parameters: {
      ringId: {
        type: 'String',
        description: 'Names this ring in the logs of both sides',
        allowedPattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
      },
    },
    steps: [{ action: 'aws:runShellScript', name: 'ring', inputs: { timeoutSeconds: '30', runCommand: [`exec ${agent} ring '{{ ringId }}'`] } }],
  });
}
