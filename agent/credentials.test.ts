import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { awsClients } from './aws.ts';

test("a host of one's own goes on when the SSM agent has changed its credentials", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-credentials-'));
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
    rmSync(folder, { recursive: true });
  });
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE']) delete process.env[name];
  const file = join(folder, 'credentials');
  Object.assign(process.env, { AWS_SHARED_CREDENTIALS_FILE: file, AWS_CONFIG_FILE: join(folder, 'config'), AWS_EC2_METADATA_DISABLED: 'true' });
  const write = (n: number) => writeFileSync(file, `[default]\naws_access_key_id = key-${n}\naws_secret_access_key = secret\naws_session_token = token-${n}\n`);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });

  write(1);
  const { sqs } = awsClients({ region: 'eu-central-1' } as never);
  const key = async () => (await sqs.config.credentials()).sessionToken;
  assert.equal(await key(), 'token-1');
  write(2);
  assert.equal(await key(), 'token-1', 'they are not read for each request');
  t.mock.timers.tick(6 * 60_000);
  await key(); // may still be the old ones, while the file is read
  await new Promise((done) => setImmediate(done));
  assert.equal(await key(), 'token-2');
});
