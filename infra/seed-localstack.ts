import { resolve } from 'node:path';
import { dataFolder, localstackFolder, type Outputs } from './localstack-outputs.ts';
import { invoke } from './localstack.ts';
import { seedCloud } from './operator/seeding.ts';

const openstackRegion = 'RegionOne'; // the parameter RegionName has this default

/** Seeds the deployment, and writes its two clouds; the passwords are the same for every deployment from this machine. */
export async function seedLocalstack({ PublicEndpoint: endpoint }: Outputs): Promise<void> {
  await seedCloud({
    folder: localstackFolder,
    cloudsFile: resolve(dataFolder, 'clouds.yaml'),
    clouds: { admin: 'novaless-localstack-admin', user: 'novaless-localstack' },
    endpoint, region: openstackRegion, invoke, passwords: 'ours',
  });
}
