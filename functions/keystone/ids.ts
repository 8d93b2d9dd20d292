import { createHash, randomBytes, randomUUID } from 'node:crypto';

/** A new id as Keystone makes them: a UUID's 32 hexadecimal digits. */
export const newId = () => randomUUID().replaceAll('-', '');

/** The same id for the same parts, so that making a thing twice makes it once. */
export const derivedId = (...parts: string[]) => createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32);

/** Names a token in audit records and revocations, never the token itself. */
export const newAuditId = () => randomBytes(16).toString('base64url');
