import { createPrivateKey, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { CONSOLE_AUDIENCE, CONSOLE_TOKEN_SECONDS } from '../../../shared/agent/console.ts';

/** Opens this server's console and no other, once, within a minute. `privateKey` is the cloud's, in PEM. */
export const consoleToken = (uuid: string, privateKey: string): Promise<string> =>
  new SignJWT({ protocol: 'vnc' })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setSubject(uuid)
    .setAudience(CONSOLE_AUDIENCE)
    .setJti(randomUUID())
    .setExpirationTime(Math.floor(Date.now() / 1000) + CONSOLE_TOKEN_SECONDS)
    .sign(createPrivateKey(privateKey));
