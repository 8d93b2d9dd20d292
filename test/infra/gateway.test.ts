import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { functions } from '../../infra/functions.ts';
import { synthesize } from '../../infra/app.ts';
import { standInAgent, standInBundles, type Template } from './template.ts';

const folder = mkdtempSync(join(tmpdir(), 'novaless-gateway-'));
after(() => rmSync(folder, { recursive: true }));
const { Resources } = JSON.parse(readFileSync(synthesize({ outdir: folder, bundles: standInBundles(folder, functions), agent: standInAgent(folder) }), 'utf8')) as Template;
const ofType = (type: string) => Object.values(Resources).filter(({ Type }) => Type === type).map(({ Properties }) => Properties);
const answers = new Map(ofType('AWS::ApiGateway::GatewayResponse').map((each) => [each['ResponseType'] as string, each]));

for (const [type, status, what] of [
  ['DEFAULT_5XX', 503, 'a function that crashed or took too long'],
  ['MISSING_AUTHENTICATION_TOKEN', 404, 'a path that has no route'],
  ['REQUEST_TOO_LARGE', 413, 'a body that is too large'],
  ['THROTTLED', 429, 'more requests than the account may have'],
] as const) {
  test(`clients understand what API Gateway says to ${what}`, () => {
    const { StatusCode, ResponseTemplates, ResponseParameters } = answers.get(type)!;
    assert.equal(StatusCode, String(status));
    const { error } = JSON.parse(ResponseTemplates['application/json'].replace('$context.error.messageString', '"as it says"'));
    assert.equal(error.code, status);
    assert.ok(error.title && error.message);
    assert.equal(ResponseParameters['gatewayresponse.header.x-openstack-request-id'], 'context.requestId');
    // Clients try a 503 and a 429 again when that header says so, and no other 5xx.
    assert.equal(/^'\d+'$/.test(ResponseParameters['gatewayresponse.header.Retry-After'] ?? ''), status === 503 || status === 429);
  });
}

test('no 5xx of API Gateway is worded by itself: only the default one is declared', () => {
  assert.deepEqual([...answers.keys()].filter((type) => /INTEGRATION|API_CONFIGURATION|AUTHORIZER_(FAILURE|CONFIGURATION)/.test(type)), []);
});

test('who loads up too large an image is told of the import that takes it', () => {
  assert.match(answers.get('REQUEST_TOO_LARGE')!['ResponseTemplates']['application/json'], /web-download/);
});

test('image bytes pass as they are: every media type is binary to the gateway', () => {
  assert.ok(ofType('AWS::ApiGateway::RestApi')[0]!['BinaryMediaTypes'].includes('*/*'));
});

test('functions get the whole request, headers and repeated parameters too: every integration is a proxy', () => {
  const methods = ofType('AWS::ApiGateway::Method');
  assert.ok(methods.length > functions.length / 2);
  for (const { Integration, AuthorizationType, RequestParameters } of methods) {
    assert.equal(Integration.Type, 'AWS_PROXY');
    assert.equal(AuthorizationType, 'NONE');
    assert.equal(RequestParameters, undefined);
  }
});
