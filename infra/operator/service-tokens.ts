import { DeleteParametersCommand, paginateGetParametersByPath, SSMClient, type SSMClientConfig } from '@aws-sdk/client-ssm';

/**
 * Deletes the services' tokens: functions wrote them, so no template takes them away.
 * @param parameterPath the deployment's parameter of that name
 */
export async function deleteServiceTokens(settings: SSMClientConfig, parameterPath: string): Promise<void> {
  const client = new SSMClient(settings);
  const found: string[][] = [];
  // A page has no more than can be deleted at once.
  for await (const { Parameters = [] } of paginateGetParametersByPath({ client, pageSize: 10 }, { Path: `${parameterPath}/service-token`, Recursive: true, WithDecryption: false })) {
    if (Parameters.length > 0) found.push(Parameters.map(({ Name }) => Name!));
  }
  for (const Names of found) await client.send(new DeleteParametersCommand({ Names }));
}
