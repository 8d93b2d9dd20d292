import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accept, enrol } from '../../infra/operator/enrol.ts';
import { drain, listHosts, remaining, retire } from '../../infra/operator/host-life.ts';
import { readLimits } from '../../infra/operator/limits.ts';
import { adminSession } from '../../infra/operator/openstack.ts';
import { resources } from '../../infra/operator/restore.ts';
import { seedCloud, UnknownPassword } from '../../infra/operator/seeding.ts';
import { standstill } from '../../infra/operator/standstill.ts';
import { controlPlane, deployedStack, invoker, requireBootstrap, type Target } from '../../infra/operator/target.ts';
import { stacks } from '../../infra/names.ts';
import { account, clientSettings, localstackEnvironment, region } from '../../infra/localstack.ts';
import { localstackFolder } from '../../infra/localstack-outputs.ts';

/**
 * What an operator of an AWS account does between a deployment and its end, here with the account that LocalStack stands for: reads limits,
 * seeds, enrols an EC2 instance, lists, drains, retires.
 * `folder` holds what such an operator keeps. In the end everything stands still for a moment, as for a restore, and goes on.
 */
export async function operate(folder: string): Promise<void> {
  const target: Target = {
    account, region, settings: clientSettings, environment: localstackEnvironment(), folder: join(folder, 'operator'), cloudsFile: join(folder, 'operator/clouds.yaml'),
    clouds: { admin: 'operator-admin', user: 'operator' },
  };
  mkdirSync(target.folder);
  await requireBootstrap(target);
  assert.ok((await readLimits(target)).executions! > 0);
  const deployed = await controlPlane(target);
  assert.equal(await deployedStack(target, 'Nowhere'), undefined);
  assert.ok((await deployedStack(target, stacks.hosts))!.outputs['HostPolicyArn']);

  const endpoint = deployed.outputs['PublicEndpoint']!;
  const seeding = { ...target, endpoint, region: deployed.parameters['RegionName']!, invoke: invoker(target, deployed) };
  await assert.rejects(() => seedCloud(seeding), UnknownPassword, "nobody's password is changed unasked");
  copyFileSync(join(localstackFolder, 'secrets.json'), join(target.folder, 'secrets.json'));
  await seedCloud(seeding); // it was seeded before: safe to repeat
  const api = await adminSession(target, endpoint);

  const host = 'operated';
  const ec2 = 'i-0123456789abcdef0';
  const { script } = await enrol(target, deployed, host, { ec2, driver: 'fake', consoleUrl: 'http://operated:6080' });
  assert.ok(readFileSync(script, 'utf8').includes(deployed.outputs['HostJournalTableName']!));
  const key = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  await assert.rejects(() => accept(target, deployed, host, `i-0123456789abcdef1 ${key}`), /is to be/);
  await accept(target, deployed, host, `${ec2} ${key}`);
  const place = { target, deployed };
  const listed = async () => (await listHosts(place)).find((each) => each.host === host);
  for (let i = 0; (await listed())?.state !== 'down'; i++) {
    assert.ok(i < 60, 'an enrolled host is listed');
    await new Promise((done) => setTimeout(done, 500));
  }
  await drain(api, host);
  assert.deepEqual([(await listed())!.status, (await listed())!.servers], ['disabled', 0]);
  assert.deepEqual(await remaining(api, host), { servers: [], volumes: [] });
  assert.equal(await retire(place, api, host, () => {}), ec2);
  assert.equal(await listed(), undefined);
  assert.equal(await retire(place, api, host, () => {}), undefined, 'it may be repeated');

  const { tables, functions } = await resources(target);
  assert.ok(tables.length > 5 && functions.length > 20);
  const still = standstill(target, functions, { finishMs: 0 });
  await still.begin();
  assert.notEqual((await fetch(`${endpoint}/identity/v3`)).status, 200, 'no function runs meanwhile');
  await standstill(target, functions).end(); // also from another process
  for (let i = 0; (await fetch(`${endpoint}/identity/v3`)).status !== 200; i++) {
    assert.ok(i < 60, 'functions run again');
    await new Promise((done) => setTimeout(done, 500));
  }
}
