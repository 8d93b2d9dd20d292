import assert from 'node:assert/strict';
import { createHash, createPublicKey, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { generateSshKey } from './generate.ts';
import { sshFingerprint, x509Fingerprint } from './public-key.ts';

const field = (data: Buffer | string) => {
  const bytes = Buffer.from(data);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const line = (type: string, ...fields: (Buffer | string)[]) => `${type} ${Buffer.concat([field(type), ...fields.map(field)]).toString('base64')} me@home`;

function ecLine(curve: 'P-256' | 'P-384' | 'P-521') {
  const { x, y } = generateKeyPairSync('ec', { namedCurve: curve }).publicKey.export({ format: 'jwk' });
  const name = `nistp${curve.slice(2)}`;
  return line(`ecdsa-sha2-${name}`, name, Buffer.concat([Buffer.of(4), Buffer.from(x!, 'base64url'), Buffer.from(y!, 'base64url')]));
}
function rsaLine(modulusLength: number) {
  const { n, e } = generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });
  return line('ssh-rsa', Buffer.from(e!, 'base64url'), Buffer.concat([Buffer.of(0), Buffer.from(n!, 'base64url')]));
}
const ed25519Line = () => line('ssh-ed25519', Buffer.from(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x!, 'base64url'));

test("a user's key of any common kind is taken, with the fingerprint that ssh-keygen -E md5 shows", () => {
  for (const key of [ed25519Line(), ecLine('P-256'), ecLine('P-384'), ecLine('P-521'), rsaLine(2048)])
    assert.equal(sshFingerprint(key), createHash('md5').update(Buffer.from(key.split(' ')[1]!, 'base64')).digest('hex').replace(/..(?=.)/g, '$&:'), key);
});

test('a key that no server could use is refused at import, not found out at the first login', () => {
  const key = ed25519Line();
  const [type, blob] = key.split(' ') as [string, string];
  const bytes = Buffer.from(blob, 'base64');
  const damaged = {
    'no text': '', 'no key': 'ssh-rsa', 'no base64': 'ssh-rsa !!!!', 'cut off': `${type} ${bytes.subarray(0, -5).toString('base64')}`,
    'longer than its fields': `${type} ${Buffer.concat([bytes, Buffer.of(1)]).toString('base64')}`, 'of another type than it says': `ssh-rsa ${blob}`,
    'of an unknown type': line('ssh-nothing', 'x'), 'a private key': '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----',
    'on two lines': `${type}\n${blob}`, 'off its curve': line('ecdsa-sha2-nistp256', 'nistp256', Buffer.concat([Buffer.of(4), Buffer.alloc(64, 7)])),
    'too short for any server': rsaLine(512), 'a type that objects have': line('constructor', 'x'),
  };
  for (const [what, text] of Object.entries(damaged)) assert.throws(() => sshFingerprint(text), { status: 400, message: 'Keypair data is invalid: failed to generate fingerprint' }, what);
});

test('a generated key is a pair: the private half opens what the public half closes', async () => {
  const { publicKey, privateKey } = await generateSshKey();
  assert.match(privateKey, /^-----BEGIN RSA PRIVATE KEY-----\n/);
  assert.match(sshFingerprint(publicKey), /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
  const { n, e } = createPublicKey(createPrivateKey(privateKey)).export({ format: 'jwk' });
  assert.ok(Buffer.from(publicKey.split(' ')[1]!, 'base64').includes(Buffer.from(n!, 'base64url')) && e === 'AQAB');
});

test('what is no certificate is refused as one', () => assert.throws(() => x509Fingerprint('ssh-rsa AAAA'), { status: 400 }));
