/**
 * Deploys the real template to a LocalStack on this machine, and seeds it as a first `npm start` is seeded.
 * usage: npm run deploy:localstack [-- CDK-OPTION ...]    (LocalStack at AWS_ENDPOINT_URL, default http://127.0.0.1:4566)
 */
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mkdirSync } from 'node:fs';
import { runCdk } from './command.ts';
import { account, apiUrl, clientSettings, localstackEnvironment, region, requireLocalstack } from './localstack.ts';
import { dataFolder, type Outputs, outputsFile, readOutputs } from './localstack-outputs.ts';
import { stacks } from './names.ts';
import { seedLocalstack } from './seed-localstack.ts';

/**
 * Bootstraps where needed, and deploys. Throws where LocalStack or the CDK fails, or takes too long.
 * @param options more of `cdk deploy`'s own, such as `--parameters Novaless:NAME=VALUE`
 */
export async function deploy(show: (line: string) => void, options: string[] = []): Promise<Outputs> {
  await requireLocalstack();
  mkdirSync(dataFolder, { recursive: true });
  const environment = localstackEnvironment();
  if (!(await isBootstrapped())) await runCdk(['bootstrap', `aws://${account}/${region}`, '--app', ''], { environment, seconds: 240, show });
  await runCdk(
    [
      'deploy', stacks.controlPlane, stacks.hosts,
      '--require-approval', 'never',
      '--method', 'direct',
      '--context', 'keepData=false',
      '--parameters', `${stacks.controlPlane}:EndpointPrefix=${apiUrl.prefix}`,
      '--parameters', `${stacks.controlPlane}:EndpointSuffix=${apiUrl.suffix}`,
      '--outputs-file', outputsFile,
      ...options,
    ],
    { environment, seconds: 480, show },
  );
  return readOutputs();
}

async function isBootstrapped(): Promise<boolean> {
  try {
    await new SSMClient(clientSettings).send(new GetParameterCommand({ Name: '/cdk-bootstrap/hnb659fds/version' }));
    return true;
  } catch (error) {
    if ((error as Error).name === 'ParameterNotFound') return false;
    throw error;
  }
}

if (import.meta.main) {
  const outputs = await deploy((line) => console.log(line), process.argv.slice(2));
  await seedLocalstack(outputs);
  console.log(`\nendpoint     ${outputs.PublicEndpoint}`);
  console.log('credentials  .novaless/clouds.yaml: clouds novaless-localstack-admin and novaless-localstack');
  console.log('\nnext         npm run hosts -- --driver fake --count 2');
  console.log('             openstack --os-cloud novaless-localstack catalog list   (with OS_CLIENT_CONFIG_FILE=.novaless/clouds.yaml)');
}
