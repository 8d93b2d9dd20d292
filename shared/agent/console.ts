/**
 * The console's way in. nova-api signs a JWT (EdDSA) for one instance, single-use, 60 seconds; the agent of its host checks it with the
 * public key that came with the instance's spawn command, and remembers the `jti` until it has expired.
 *   URL: {console_url}/vnc_lite.html?path=%3Ftoken%3DJWT   (websocket at {console_url}/?token=JWT, subprotocol `binary`)
 */
export const CONSOLE_TOKEN_SECONDS = 60;
export const CONSOLE_AUDIENCE = 'novaless-console';
export interface ConsoleClaims { sub: string /* instance uuid */; aud: typeof CONSOLE_AUDIENCE; jti: string; exp: number; protocol: 'vnc' }

/** S3 key (bucket consoles) of the console log's tail, at most 100 KB, uploaded at most every 2 s while it grows. */
export const consoleLogKey = (instanceUuid: string) => `logs/${instanceUuid}.log`;
export const CONSOLE_LOG_BYTES = 100 * 1024;

export const consolePageUrl = (consoleUrl: string, token: string) => `${consoleUrl}/vnc_lite.html?path=${encodeURIComponent(`?token=${token}`)}`;
