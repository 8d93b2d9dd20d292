import { importSPKI, jwtVerify } from 'jose';
import { CONSOLE_AUDIENCE, CONSOLE_TOKEN_SECONDS } from '../../shared/agent/console.ts';

/** Why a console token doesn't open the door. */
export class TokenRefused extends Error {
  override name = 'TokenRefused';
  readonly status: 401 | 403;
  constructor(status: 401 | 403, message: string) {
    super(message);
    this.status = status;
  }
}

const SKEW_SECONDS = 5; // between the signer's clock and this host's

/** The instance that a token claims to be for, before anything of it is checked. */
export function claimedInstance(token: string): string | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub?: unknown };
    return typeof claims.sub === 'string' ? claims.sub : undefined;
  } catch {
    return undefined;
  }
}

/** The token's id and end (epoch seconds), where it was signed for that instance, now, for a console. Throws TokenRefused. */
export async function checkToken(token: string, instance: string, publicKeyPem: string): Promise<{ jti: string; exp: number }> {
  const now = Math.floor(Date.now() / 1000);
  try {
    const { payload } = await jwtVerify(token, await importSPKI(publicKeyPem, 'EdDSA'), {
      algorithms: ['EdDSA'], audience: CONSOLE_AUDIENCE, subject: instance, requiredClaims: ['jti', 'exp'],
    });
    const { jti, exp } = payload as { jti: string; exp: number };
    if (typeof jti !== 'string' || jti.length > 128) throw new Error('jti');
    if (exp > now + CONSOLE_TOKEN_SECONDS + SKEW_SECONDS) throw new Error('it is valid for too long');
    return { jti, exp };
  } catch (error) {
    const expired = (error as { code?: string }).code === 'ERR_JWT_EXPIRED';
    throw new TokenRefused(401, expired ? 'The address has expired.' : 'The address is not valid.');
  }
}
