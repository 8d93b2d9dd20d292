import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { seed } from '../local/seed.ts';
import { cloud, readClouds, updateClouds } from './clouds.ts';
import { dataFolder, type Outputs } from './localstack-outputs.ts';
import { invoke } from './localstack.ts';

const openstackRegion = 'RegionOne'; // the parameter RegionName has this default
const file = resolve(dataFolder, 'clouds.yaml');

/** Seeds the deployment, and writes its two clouds; passwords of an earlier deployment on this machine stay. */
export async function seedLocalstack({ PublicEndpoint: endpoint }: Outputs): Promise<void> {
  const known = readClouds(file);
  const password = (name: string) => known[name]?.auth.password ?? randomBytes(18).toString('base64url');
  const adminPassword = password('novaless-localstack-admin');
  const demoPassword = password('novaless-localstack');
  await seed({ invoke, endpoint, region: openstackRegion, adminPassword, demoPassword });
  updateClouds(file, {
    'novaless-localstack-admin': cloud(endpoint, { username: 'admin', password: adminPassword, project: 'admin' }),
    'novaless-localstack': cloud(endpoint, { username: 'demo', password: demoPassword, project: 'demo' }),
  });
}
