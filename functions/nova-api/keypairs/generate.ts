import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

/** `publicKey` as a line of authorized_keys, `privateKey` in PEM. */
export interface GeneratedKey { publicKey: string; privateKey: string }

/** A new RSA key of 2,048 bits, in the formats that Nova gives (until 2.91). */
export async function generateSshKey(): Promise<GeneratedKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const { n, e } = publicKey.export({ format: 'jwk' });
  const blob = Buffer.concat([field(Buffer.from('ssh-rsa')), field(positive(e!)), field(positive(n!))]);
  return { publicKey: `ssh-rsa ${blob.toString('base64')} Generated-by-Nova`, privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string };
}

/** RFC 4251: a length and the bytes. */
function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** RFC 4251's mpint: a leading zero keeps a number with its highest bit set positive. */
function positive(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url');
  return bytes[0]! & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}
