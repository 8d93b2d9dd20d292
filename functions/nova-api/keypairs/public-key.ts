import { createHash, generateKeyPair, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { badRequest } from '../../../shared/http/errors.ts';

const invalid = (reason: string) => badRequest(`Keypair data is invalid: ${reason}`);

/** md5 of the key's blob, as Nova has always shown it; 400 where it is no OpenSSH public key. */
export function sshFingerprint(publicKey: string): string {
  const [type = '', blob = ''] = publicKey.trim().split(/\s+/);
  const bytes = Buffer.from(blob, 'base64');
  if (!/^(ssh-(rsa|ed25519|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/.test(type) || !/^[A-Za-z0-9+/]+=*$/.test(blob) || bytes.length < 20)
    throw invalid('failed to generate fingerprint');
  const length = bytes.readUInt32BE(0);
  if (bytes.subarray(4, 4 + length).toString() !== type) throw invalid('failed to generate fingerprint');
  return colons(createHash('md5').update(bytes).digest('hex'));
}

/** sha1 of the certificate. */
export function x509Fingerprint(certificate: string): string {
  try {
    return new X509Certificate(certificate).fingerprint.toLowerCase();
  } catch {
    throw invalid('failed to generate X509 fingerprint. Error message: not a certificate in PEM');
  }
}

const colons = (hex: string) => hex.match(/../g)!.join(':');

export interface GeneratedKey { publicKey: string; privateKey: string; fingerprint: string }

/** A new RSA key of 2,048 bits: the private half in PEM, the public one as OpenSSH writes it. */
export async function generateSshKey(): Promise<GeneratedKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const { n, e } = publicKey.export({ format: 'jwk' });
  const blob = Buffer.concat([field(Buffer.from('ssh-rsa')), field(positive(e!)), field(positive(n!))]);
  const text = `ssh-rsa ${blob.toString('base64')} Generated-by-Nova`;
  return { publicKey: text, privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string, fingerprint: sshFingerprint(text) };
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
