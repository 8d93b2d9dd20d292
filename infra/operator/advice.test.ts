import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adviceFor } from './advice.ts';
import { separate } from './deploy.ts';

const error = (name: string, message: string) => Object.assign(new Error(message), { name });

test('who has no credentials, expired ones, no region or no rights hears what to do', () => {
  assert.match(adviceFor(error('CredentialsProviderError', 'Could not load credentials from any providers'))!, /no AWS credentials/);
  assert.match(adviceFor(error('ExpiredTokenException', 'The security token included in the request is expired'))!, /aws sso login/);
  assert.match(adviceFor(error('Error', 'Region is missing'))!, /AWS_REGION/);
  assert.match(adviceFor(error('AccessDenied', 'User x is not authorized to perform: iam:CreateRole'))!, /may not do this/);
  assert.equal(adviceFor(error('TypeError', 'x is not a function')), undefined);
});

test("npm run deploy takes where from its options, and leaves all others to the CDK", () => {
  assert.deepEqual(separate(['--region', 'eu-west-1', '--parameters', 'AlarmAddress=a@b', '--profile=ops', '--all', '-v']), {
    own: { region: 'eu-west-1', profile: 'ops' }, rest: ['--parameters', 'AlarmAddress=a@b', '--all', '-v'],
  });
  assert.throws(() => separate(['--profile']), /needs a name/);
});
