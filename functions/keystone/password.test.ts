import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { test } from 'node:test';
import { hashPassword, hashSecret, newSecret, verifyPassword } from './password.ts';

test('a password opens its own hash and no other; two hashes of it differ', async () => {
  const [one, two] = await Promise.all([hashPassword('pässword'), hashPassword('pässword')]);
  assert.notEqual(one, two);
  assert.match(one, /^\$scrypt\$ln=14,r=8,p=5\$/);
  assert.equal(await verifyPassword('pässword', one), true);
  assert.equal(await verifyPassword('password', one), false);
  assert.equal(await verifyPassword('', one), false);
});

test('hashes made at another cost still open', async () => {
  const salt = Buffer.from('salt');
  const weaker = `$scrypt$ln=10,r=4,p=1$${salt.toString('base64')}$${scryptSync('old', salt, 32, { N: 2 ** 10, r: 4, p: 1 }).toString('base64')}`;
  assert.equal(await verifyPassword('old', weaker), true);
  assert.equal(await verifyPassword('new', weaker), false);
});

test("a service's secret opens its hash; without a hash nothing does", async () => {
  const secret = newSecret();
  assert.equal(await verifyPassword(secret, hashSecret(secret)), true);
  assert.equal(await verifyPassword(newSecret(), hashSecret(secret)), false);
  assert.equal(await verifyPassword('', undefined), false);
});

test('a login costs about the same, whether there is such a user or not', async () => {
  const cpu = async (stored: string | undefined) => {
    const before = process.cpuUsage();
    await verifyPassword('guess', stored);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const known = await hashPassword('known');
  await cpu(known);
  const ratio = (await cpu(undefined)) / (await cpu(known));
  assert.ok(ratio > 0.1 && ratio < 10, `ratio ${ratio}`);
});
