import { createHash, createPublicKey, X509Certificate, type JsonWebKey } from 'node:crypto';
import { badRequest } from '../../../shared/http/errors.ts';

const invalid = (reason: string) => badRequest(`Keypair data is invalid: ${reason}`);

/** md5 of the key itself, as Nova shows it; 400 where the text is no OpenSSH public key (RFC 4253 section 6.6, RFC 5656, RFC 8709). */
export function sshFingerprint(publicKey: string): string {
  const [, type = '', blob = ''] = /^(\S+)[ \t]+([A-Za-z0-9+/]+={0,2})(?=\s|$)/.exec(publicKey.trim()) ?? [];
  const bytes = Buffer.from(blob, 'base64');
  if (!isPublicKey(type, bytes)) throw invalid('failed to generate fingerprint');
  return createHash('md5').update(bytes).digest('hex').match(/../g)!.join(':');
}

/** sha1 of a certificate in PEM. */
export function x509Fingerprint(certificate: string): string {
  try {
    return new X509Certificate(certificate).fingerprint.toLowerCase();
  } catch {
    throw invalid('failed to generate X509 fingerprint. Error message: Unable to load PEM file.');
  }
}

/** What follows the type's name in a key, by type: true where it is a key that can be used. */
const kinds: Record<string, (fields: Buffer[]) => boolean> = {
  'ssh-rsa': ([e, n, ...more]) => more.length === 0 && loads({ kty: 'RSA', e: number(e!), n: number(n!) }),
  'ssh-dss': (fields) => fields.length === 4 && fields.every((field) => field.length > 0),
  'ssh-ed25519': ([x, ...more]) => more.length === 0 && loads({ kty: 'OKP', crv: 'Ed25519', x: x!.toString('base64url') }),
  'ecdsa-sha2-nistp256': (fields) => isPoint('nistp256', 'P-256', fields),
  'ecdsa-sha2-nistp384': (fields) => isPoint('nistp384', 'P-384', fields),
  'ecdsa-sha2-nistp521': (fields) => isPoint('nistp521', 'P-521', fields),
  'sk-ssh-ed25519@openssh.com': ([x, application, ...more]) => more.length === 0 && !!application?.length && loads({ kty: 'OKP', crv: 'Ed25519', x: x!.toString('base64url') }),
  'sk-ecdsa-sha2-nistp256@openssh.com': (fields) => !!fields[2]?.length && isPoint('nistp256', 'P-256', fields.slice(0, 2)),
};

function isPublicKey(type: string, bytes: Buffer): boolean {
  const fields = fieldsOf(bytes);
  const kind = Object.hasOwn(kinds, type) && kinds[type];
  if (!fields || !kind || fields.length < 2 || fields[0]!.toString('latin1') !== type) return false;
  try {
    return kind(fields.slice(1));
  } catch {
    return false;
  }
}

/** RFC 4251: each field is its length in four bytes, and the bytes. Undefined where they do not end where the key ends. */
function fieldsOf(bytes: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/** An mpint without the zero that keeps it positive. */
const number = (field: Buffer): string => (field[0] === 0 ? field.subarray(1) : field).toString('base64url');

function isPoint(name: string, crv: string, [curve, point, ...more]: Buffer[]): boolean {
  if (more.length > 0 || curve?.toString('latin1') !== name || point?.[0] !== 4) return false;
  const half = (point.length - 1) / 2;
  return loads({ kty: 'EC', crv, x: point.subarray(1, 1 + half).toString('base64url'), y: point.subarray(1 + half).toString('base64url') });
}

/** OpenSSL takes it: numbers in range, points on their curve. */
function loads(key: JsonWebKey): boolean {
  const { asymmetricKeyDetails } = createPublicKey({ key, format: 'jwk' });
  return (asymmetricKeyDetails?.modulusLength ?? 1024) >= 1024; // less is refused by every SSH server
}
