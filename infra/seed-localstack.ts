import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { secretsOf } from '../local/secrets.ts';
import { seed } from '../local/seed.ts';
import { cloud, updateClouds } from './clouds.ts';
import { dataFolder, localstackFolder, type Outputs } from './localstack-outputs.ts';
import { invoke } from './localstack.ts';

const openstackRegion = 'RegionOne'; // the parameter RegionName has this default

/** Seeds the deployment, and writes its two clouds; the passwords are the same for every deployment from this machine. */
export async function seedLocalstack({ PublicEndpoint: endpoint }: Outputs): Promise<void> {
  mkdirSync(localstackFolder, { recursive: true, mode: 0o700 });
  const { adminPassword, demoPassword } = secretsOf(localstackFolder);
  updateClouds(resolve(dataFolder, 'clouds.yaml'), {
    'novaless-localstack-admin': cloud(endpoint, { username: 'admin', password: adminPassword, project: 'admin' }),
    'novaless-localstack': cloud(endpoint, { username: 'demo', password: demoPassword, project: 'demo' }),
  });
  await seed({ invoke, endpoint, region: openstackRegion, adminPassword, demoPassword });
}
