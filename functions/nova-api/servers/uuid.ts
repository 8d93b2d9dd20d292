import { v7 } from 'uuid';

/*
 * A server's id is a UUID of version 7 (RFC 9562): its first 48 bits are the millisecond of its making, so that a project's servers lie in its partition
 * as they were made, and a list's page is read without the rest. Servers of earlier code have random ones (version 4), and are older than all others.
 */

/** Of one function's environment each sorts after the one before, in the same millisecond as well. */
export const newUuid = (): string => v7();

/** Another id of the same millisecond; `hex` decides about the rest of it. */
export const withRest = (uuid: string, hex: string): string => `${uuid.slice(0, 15)}${hex.slice(0, 3)}-a${hex.slice(3, 6)}-${hex.slice(6, 18)}`;

/** When it was made; undefined where an id does not tell. */
export const madeAt = (uuid: string): Date | undefined => (/^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(uuid) ? new Date(Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)) : undefined);

/** What ids made at that time, or later, begin with or sort after. */
export function beginning(at: Date): string {
  const hex = at.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
