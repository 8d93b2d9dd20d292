import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forbidden } from './rooms.ts';

test('a service that reaches into another service is caught', () => {
  assert.match(forbidden('functions/nova-api/servers/create.ts', '../../keystone/tokens.ts') ?? '', /not functions\/keystone\/tokens\.ts/);
  assert.equal(forbidden('functions/nova-api/servers/create.ts', '../quota.ts'), undefined);
  assert.equal(forbidden('functions/nova-api/servers/create.ts', '../../../shared/http/route.ts'), undefined);
});

test('shared code that knows a function is caught', () => {
  assert.ok(forbidden('shared/http/route.ts', '../../functions/keystone/tokens.ts'));
});

test('infra and the one-machine start see declarations of functions, never their code', () => {
  assert.equal(forbidden('infra/functions.ts', '../functions/keystone/deployment.ts'), undefined);
  assert.ok(forbidden('infra/functions.ts', '../functions/keystone/tokens.ts'));
  assert.ok(forbidden('local/start.ts', '../functions/keystone/tokens.ts'));
});

test('a function that imports a local engine or the CDK is caught', () => {
  assert.ok(forbidden('functions/glance-api/http.ts', 'fauxqs'));
  assert.ok(forbidden('shared/store/table.ts', 'aws-cdk-lib/aws-dynamodb'));
  assert.equal(forbidden('functions/glance-api/http.ts', '@aws-sdk/client-s3'), undefined);
});
