import { randomUUID } from 'node:crypto';

/**
 * How a record is deleted only while nobody uses it, without a hot counter or a lock:
 *
 *     delete:  mark the record — look for users — none: delete it;  some: take the mark away, 409
 *     use:     write the use   — read the record — marked or gone: take the use back, 404
 *
 * Both write before they read, and both reads are consistent, so one of the two sees the other. A mark older than any
 * request can run was left by one that died, and counts for nothing.
 */
const LIFETIME_MS = 60_000; // requests end after 29 s

export const newMark = () => `${new Date().toISOString()} ${randomUUID()}`;

export const isMarked = (record: { deleting?: string }): boolean =>
  record.deleting !== undefined && Date.now() - Date.parse(record.deleting.split(' ')[0]!) < LIFETIME_MS;
