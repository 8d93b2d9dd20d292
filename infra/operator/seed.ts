/**
 * Seeds the deployment of an AWS account: admin, projects, roles, catalog, flavors, networks, volume type. It may be repeated at any time.
 * usage: npm run seed -- [--region NAME] [--profile NAME] [--new-passwords]
 *   --new-passwords   gives admin and demo other passwords, for where the known ones are lost or no longer secret
 */
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { command } from './advice.ts';
import { seedCloud, UnknownPassword } from './seeding.ts';
import { awsTarget, controlPlane, invoker, place, targetOptions } from './target.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { ...targetOptions, 'new-passwords': { type: 'boolean', default: false } } });
  const target = await awsTarget(values);
  const deployed = await controlPlane(target);
  const endpoint = deployed.outputs['PublicEndpoint']!;
  console.log(`Seeding ${endpoint} (${place(target)})`);
  const { folder, cloudsFile, clouds } = target;
  const [, ...openrcs] = await seedCloud({
    folder, cloudsFile, clouds, endpoint,
    region: deployed.parameters['RegionName'] ?? 'RegionOne',
    invoke: invoker(target, deployed),
    show: (what) => console.log(`  ${what}`),
    ...(values['new-passwords'] && { passwords: 'anew' as const }),
  }).catch((error: Error) => {
    if (error instanceof UnknownPassword) throw new Error(`${error.message}: bring ${relative(process.cwd(), folder)}/secrets.json from the machine where it was seeded, or give admin and demo new passwords: npm run seed -- --new-passwords`, { cause: error });
    throw error;
  });
  const path = (file: string) => relative(process.cwd(), file) || file;
  console.log(`\ncredentials  ${path(cloudsFile)}: clouds ${clouds.admin} and ${clouds.user}; ${openrcs.map(path).join(', ')}`);
  console.log(`\nnext         export OS_CLIENT_CONFIG_FILE=$PWD/.novaless/clouds.yaml`);
  console.log(`             openstack --os-cloud ${clouds.admin} catalog list`);
  console.log('             npm run hosts -- enrol compute-1     a server of yours, or an EC2 metal instance');
}

if (import.meta.main) await command(main);
