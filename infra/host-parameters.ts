/**
 * How the control plane's stack tells the hosts' what it made: SSM parameters, and no exports. CloudFormation would refuse to
 * replace or remove what another stack imports; so each stack is deployed, changed and removed without a look at the other.
 */
import { CfnParameter, type Stack } from 'aws-cdk-lib';
import { CfnParameter as SsmParameter } from 'aws-cdk-lib/aws-ssm';
import { type HostParameter, hostParameters, pascal } from './names.ts';

const descriptions: Record<HostParameter, string> = {
  'journal-table': 'Where the commands for a host stand',
  'reports-queue': 'Where an agent reports what became of a command: name of the queue',
  'heartbeats-queue': 'Where an agent says that its host is alive: name of the queue',
  'images-bucket': 'The image store',
  'consoles-bucket': "Where an agent puts its guests' console output",
};

/** In the control plane's stack. `path`: that of the deployment's parameters. */
export function tellHosts(stack: Stack, path: string, values: Record<HostParameter, string>): void {
  for (const name of hostParameters) {
    new SsmParameter(stack, `Host${pascal(name)}Parameter`, { type: 'String', name: `${path}/hosts/${name}`, value: values[name], description: descriptions[name] });
  }
}

/** In the hosts' stack: the values, read at each deployment. */
export const toldByControlPlane = (stack: Stack): Record<HostParameter, string> =>
  Object.fromEntries(hostParameters.map((name) => [name, new CfnParameter(stack, pascal(name), {
    type: 'AWS::SSM::Parameter::Value<String>', default: `/novaless/hosts/${name}`, description: `Name of the SSM parameter with what the control plane says: ${descriptions[name]}`,
  }).valueAsString])) as Record<HostParameter, string>;
