import { createHash, randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import { forbidden } from '../../shared/http/errors.ts';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** OWASP's recommendation with 16 MiB per hash: N=2^14, r=8, p=5. Stored with each hash, so that it can grow. */
const COST = { ln: 14, r: 8, p: 5 };
/** Keystone's max_password_length. */
const LONGEST = 4096;

/** A password's hash in the PHC format: `$scrypt$ln=14,r=8,p=5$SALT$HASH`. */
export async function hashPassword(password: string): Promise<string> {
  if (password.length > LONGEST)
    throw forbidden(`The password length must be less than or equal to ${LONGEST}. The server could not comply with the request because the password is invalid.`);
  const salt = randomBytes(16);
  const hash = await derive(password, salt, 32, options(COST));
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

/** A service's secret of 256 random bits cannot be guessed: a plain SHA-256 is enough, and costs nothing at a login. */
export const newSecret = () => randomBytes(32).toString('base64url');
export const hashSecret = (secret: string) => `$sha256$$$${createHash('sha256').update(secret).digest('base64')}`;

/** Takes as long for a user who is not there, or has no password, as for one who has. */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  if (password.length > LONGEST) return false;
  const [, method, cost = '', salt = '', hash = ''] = (stored ?? nobody).split('$');
  const expected = Buffer.from(hash, 'base64');
  const actual = method === 'sha256'
    ? createHash('sha256').update(password).digest()
    : await derive(password, Buffer.from(salt, 'base64'), expected.length, options(Object.fromEntries(cost.split(',').map((c) => c.split('='))) as never));
  return expected.length === actual.length && timingSafeEqual(expected, actual) && stored !== undefined;
}

const nobody = `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${randomBytes(16).toString('base64')}$${randomBytes(32).toString('base64')}`;

const options = ({ ln, r, p }: { ln: number; r: number; p: number }): ScryptOptions =>
  ({ N: 2 ** Number(ln), r: Number(r), p: Number(p), maxmem: 256 * 2 ** Number(ln) * Number(r) });
