import { Aws, CfnCondition, CfnParameter, Fn, type Stack, Token } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { stageName } from './rest-api.ts';

export type DeploymentParameters = ReturnType<typeof deploymentParameters>;

/** What an operator may choose at a deployment; every one has a default that works. */
export function deploymentParameters(stack: Stack) {
  const text = (id: string, value: string, description: string, more: { allowedPattern?: string } = {}) =>
    new CfnParameter(stack, id, { type: 'String', default: value, description, ...more });
  return {
    region: text('RegionName', 'RegionOne', "OpenStack's name of this region, as it stands in the catalog", { allowedPattern: '[A-Za-z0-9_.-]{1,255}' }),
    endpoint: text('Endpoint', '', 'Public base URL where the API stands behind a domain of your own; no trailing slash', { allowedPattern: '(https?://.*[^/])?' }),
    endpointPrefix: text('EndpointPrefix', 'https://', "What stands before the REST API's id in its URL"),
    endpointSuffix: text('EndpointSuffix', '', "What follows the REST API's id in its URL; empty for AWS's own"),
    reservedConcurrency: text(
      'ReservedConcurrency', '', "Executions set aside for each function that answers clients; empty for none, as a new account's limit leaves nothing to set aside",
      { allowedPattern: '([1-9][0-9]{0,3})?' },
    ),
    importAllowedHosts: text('ImageImportAllowedHosts', '', 'Hosts, each HOST or HOST:PORT, with commas between, from which images may be imported although their addresses are private', { allowedPattern: '[A-Za-z0-9_.:,\\[\\]-]*' }),
    alarmAddress: text('AlarmAddress', '', 'E-mail address that alarms are sent to; empty for none', { allowedPattern: '([^@\\s]+@[^@\\s]+)?' }),
    logRetention: new CfnParameter(stack, 'LogRetentionDays', {
      type: 'Number', default: 30, allowedValues: ['1', '3', '5', '7', '14', '30', '60', '90', '120', '150', '180', '365', '400', '545', '731', '1096', '1827', '2192', '2557', '2922', '3288', '3653'],
      description: "For how many days what functions log is kept; one of CloudWatch Logs' own steps",
    }),
    secretPath: text('LaunchesPath', 'novaless', 'Path under which the secrets of this deployment stand: application credentials for launches by events as PATH/launch/NAME', { allowedPattern: '[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*' }),
    parameterPath: text('ParameterPath', '/novaless', 'Path under which the SSM parameters of this deployment stand', { allowedPattern: '(/[A-Za-z0-9_.-]+)+' }),
  };
}

/** For a function's ReservedConcurrentExecutions; give it to every function that clients wait for. */
export function reservedConcurrency(stack: Stack, { reservedConcurrency: chosen }: DeploymentParameters): number {
  const id = 'HasReservedConcurrency';
  const condition = (stack.node.tryFindChild(id) as CfnCondition | undefined)
    ?? new CfnCondition(stack, id, { expression: Fn.conditionNot(Fn.conditionEquals(chosen.valueAsString, '')) });
  return Token.asNumber(Fn.conditionIf(condition.logicalId, chosen.valueAsString, Aws.NO_VALUE));
}

/** The URL that clients use. The stage's name is a constant, so that functions can know the URL before the stage exists. */
export function publicEndpoint(stack: Stack, parameters: DeploymentParameters, api: RestApi): string {
  const { endpoint, endpointPrefix, endpointSuffix } = parameters;
  const ownDomain = new CfnCondition(stack, 'HasEndpoint', { expression: Fn.conditionNot(Fn.conditionEquals(endpoint.valueAsString, '')) });
  const ownSuffix = new CfnCondition(stack, 'HasEndpointSuffix', { expression: Fn.conditionNot(Fn.conditionEquals(endpointSuffix.valueAsString, '')) });
  const suffix = Fn.conditionIf(ownSuffix.logicalId, endpointSuffix.valueAsString, `.execute-api.${stack.region}.${stack.urlSuffix}/${stageName}`);
  return Fn.conditionIf(
    ownDomain.logicalId,
    endpoint.valueAsString,
    Fn.join('', [endpointPrefix.valueAsString, api.restApiId, suffix.toString()]),
  ).toString();
}
