import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { synthesize } from '../../infra/app.ts';
import { archiveAgent } from '../../infra/agent-bundle.ts';
import { functions } from '../../infra/functions.ts';
import { documents, hostParameters } from '../../infra/names.ts';
import { standInAgent, standInBundles, type Properties, type Template } from './template.ts';

const folder = mkdtempSync(join(tmpdir(), 'novaless-hosts-stack-'));
after(() => rmSync(folder, { recursive: true }));
process.env['CDK_VALIDATION'] = 'false'; // CloudFormation's own rules take seconds, and are another test's
const agent = standInAgent(folder);
const control = JSON.parse(readFileSync(synthesize({ outdir: join(folder, 'out'), bundles: standInBundles(folder, functions), agent }), 'utf8')) as Template;
const hosts = JSON.parse(readFileSync(join(folder, 'out/NovalessHosts.template.json'), 'utf8')) as Template;
const ofType = ({ Resources }: Template, type: string): Properties[] => Object.entries(Resources).filter(([, { Type }]) => Type === type).map(([id, { Properties }]) => ({ id, ...Properties }));
const [ring, install] = [documents.ring, documents.install].map((name) => ofType(hosts, 'AWS::SSM::Document').find(({ Name }) => Name === name)!) as [Properties, Properties];

test('either stack is deployed, changed and removed without the other: no export, no import, and fixed names', () => {
  for (const text of [control, hosts].map((each) => JSON.stringify(each))) assert.doesNotMatch(text, /Fn::ImportValue|"Export"/);
  assert.deepEqual(ofType(control, 'AWS::SSM::Document'), []);
  const variables = ofType(control, 'AWS::Lambda::Function').map(({ Environment }) => Environment.Variables['AGENT_DOCUMENT']).filter(Boolean);
  assert.deepEqual([...new Set(variables)], [documents.ring]);
  assert.match(JSON.stringify(ofType(control, 'AWS::IAM::Role')), new RegExp(`:document/${documents.ring}"`));
  const said = ofType(control, 'AWS::SSM::Parameter').map(({ Name }) => Name['Fn::Join'][1][1]).filter((name) => name?.startsWith('/hosts/'));
  assert.deepEqual(said.sort(), hostParameters.map((name) => `/hosts/${name}`).sort());
  const read = Object.values(hosts.Parameters).filter(({ Type }) => Type === 'AWS::SSM::Parameter::Value<String>').map(({ Default }) => Default);
  assert.deepEqual(read.sort(), hostParameters.map((name) => `/novaless/hosts/${name}`).sort());
});

test('no user text can reach a shell on a host: a ring takes one parameter, a UUID', () => {
  const { parameters, mainSteps } = ring.Content;
  assert.deepEqual(Object.keys(parameters), ['ringId']);
  const pattern = new RegExp(parameters.ringId.allowedPattern);
  assert.ok(pattern.test(crypto.randomUUID()));
  for (const bad of ['', 'x', `${crypto.randomUUID()}; reboot`, `'$(reboot)'`, '{{ssm:secret}}']) assert.equal(pattern.test(bad), false, bad);
  assert.equal(mainSteps.length, 1);
  assert.doesNotMatch(JSON.stringify(install.Content.mainSteps), /\{\{/, 'an installation pastes nothing');
  for (const { UpdateMethod, Content } of [ring, install]) {
    assert.equal(UpdateMethod, 'NewVersion');
    assert.equal(Content.schemaVersion, '2.2');
  }
});

test("a new agent reaches every tagged host at once, a tenth at a time, and is believed by the digest that stands in the template", () => {
  const digest = createHash('sha256').update(readFileSync(agent)).digest('hex');
  const [association, ...others] = ofType(hosts, 'AWS::SSM::Association');
  assert.deepEqual(others, []);
  assert.deepEqual(association!.Targets, [{ Key: 'tag:novaless', Values: ['host'] }]);
  assert.deepEqual([association!.Name, association!.AssociationName], [{ Ref: install.id }, documents.install]);
  assert.deepEqual(association!.Parameters, { agent: [digest] }, 'else a new document alone would wait for the schedule');
  assert.match(digest, new RegExp(install.Content.parameters.agent.allowedPattern));
  assert.match(association!.ScheduleExpression, /^rate\(/);
  assert.equal(association!.MaxConcurrency, '10%');
  const [fetch, script] = install.Content.mainSteps;
  assert.match(JSON.stringify(fetch.inputs.sourceInfo.path), /cdk-hnb659fds-assets-/);
  assert.ok(script.inputs.runCommand.some((line: unknown) => typeof line === 'string' && line.includes(`digest='${digest}'`)));
  assert.ok(JSON.stringify(install.Content).length < 60_000, 'SSM takes 64 KB');
});

test("hosts run the Node that the lock file pins, whatever their processor", () => {
  const lines = install.Content.mainSteps[1].inputs.runCommand.filter((line: unknown) => typeof line === 'string').join('\n');
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  for (const arch of ['x64', 'arm64']) {
    const { version, integrity } = packages[`node_modules/node-linux-${arch}`];
    assert.equal(new RegExp(`node_${arch}='([0-9a-f]{128})'`).exec(lines)![1], Buffer.from(integrity.slice(7), 'base64').toString('hex'));
    assert.ok(JSON.stringify(install.Content).includes(`node_version='${version}'`));
  }
});

test('a host reads its own commands and no others, and none of the SSM parameters, where service tokens are', () => {
  const [{ PolicyDocument: { Statement: statements } }, ...others] = ofType(hosts, 'AWS::IAM::ManagedPolicy') as [Properties];
  assert.deepEqual(others, []);
  const named = (sid: string) => statements.find(({ Sid }: Properties) => Sid === sid);
  assert.deepEqual(named('OwnCommands').Condition, { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['HOST#${aws:PrincipalTag/novaless-host}'] }, Null: { 'dynamodb:LeadingKeys': 'false' } });
  assert.equal(named('OwnCommands').Action, 'dynamodb:Query');
  assert.equal(named('NoSecrets').Effect, 'Deny');
  assert.match(JSON.stringify(named('NoSecrets').Resource), /"parameter"?.*ParameterPath/);
  for (const { Effect, Action, Resource } of statements as Properties[]) {
    for (const action of [Action].flat()) assert.match(action, /^[a-z0-9]+:[A-Za-z]+$/);
    if (Effect === 'Allow') assert.notEqual(Resource, '*');
  }
});

test('a deployment from the same sources changes no host: the archive has the same bytes', async () => {
  const [first, second] = await Promise.all(['a', 'b'].map(async (name) => readFileSync(await archiveAgent(join(folder, `${name}.tar.gz`), join(folder, name)))));
  assert.ok(first!.equals(second!));
});
