import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { accept, enrol } from '../../infra/operator/enrol.ts';
import { hostsWithRoles, makeHostRole } from '../../infra/operator/host-role.ts';
import { drain, listHosts, retire } from '../../infra/operator/host-life.ts';
import { readLimits } from '../../infra/operator/limits.ts';
import { adminSession, remainingOn } from '../../infra/operator/openstack.ts';
import { resources } from '../../infra/operator/restore.ts';
import { seedCloud, UnknownPassword } from '../../infra/operator/seeding.ts';
import { standstill } from '../../infra/operator/standstill.ts';
import { controlPlane, deployedStack, invoker, requireBootstrap, type Target } from '../../infra/operator/target.ts';
import { stacks } from '../../infra/names.ts';
import { account, clientSettings, localstackEnvironment, region } from '../../infra/localstack.ts';
import { localstackFolder } from '../../infra/localstack-outputs.ts';
import { eventually } from '../support/eventually.ts';

/**
 * What an operator of an AWS account does between a deployment and its end, here with the account that LocalStack stands for: reads limits,
 * seeds, enrols an EC2 instance, lists, drains, retires.
 * `folder` holds what such an operator keeps. In the end everything stands still for a moment, as for a restore, and goes on; a host that was
 * never accepted is left.
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
  await makeHostRole(target, host, 'own'); // before somebody thought of an instance
  const { script, role } = await enrol(target, deployed, host, { ec2, driver: 'fake', consoleUrl: 'http://operated:6080' });
  assert.ok(readFileSync(script, 'utf8').includes(deployed.outputs['HostJournalTableName']!));
  const { Role } = await new IAMClient(target.settings).send(new GetRoleCommand({ RoleName: role }));
  assert.match(Role!.AssumeRolePolicyDocument!, /ec2\.amazonaws\.com/, 'the instance may take its role on');
  const key = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  await assert.rejects(() => accept(target, deployed, host, `i-0123456789abcdef1 ${key}`), /is to be/);
  await accept(target, deployed, host, `${ec2} ${key}`);
  const place = { target, deployed };
  const listed = async () => (await listHosts(place)).find((each) => each.host === host);
  await eventually(async () => assert.equal((await listed())?.state, 'down', 'an enrolled host is listed'));
  await drain(api, host);
  assert.deepEqual([(await listed())!.status, (await listed())!.servers], ['disabled', 0]);
  assert.deepEqual(await remainingOn(api, host), { servers: [], volumes: [] });
  assert.equal(await retire(place, api, host, () => {}), ec2);
  assert.equal(await listed(), undefined);
  assert.equal(await retire(place, api, host, () => {}), undefined, 'it may be repeated');

  await makeHostRole(target, 'forsaken', 'own');
  assert.deepEqual(await hostsWithRoles(target), ['forsaken']);

  const { tables, functions } = await resources(target);
  assert.ok(tables.length > 5 && functions.length > 20);
  const still = standstill(target, functions);
  assert.equal(await still.begin(), 900_000, 'an import of an image may run on for so long');
  assert.notEqual((await fetch(`${endpoint}/identity/v3`)).status, 200, 'no function runs meanwhile');
  await standstill(target, functions).end(); // also from another process
  await eventually(async () => assert.equal((await fetch(`${endpoint}/identity/v3`)).status, 200, 'functions run again'));
}
