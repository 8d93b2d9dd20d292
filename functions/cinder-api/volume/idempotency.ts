import { createHash, randomUUID } from 'node:crypto';
import type { Request } from '../../../shared/http/route.ts';

/** With this header a request may be sent again: it names what it makes, and the repetition answers with the same. */
export const IDEMPOTENCY_KEY = 'x-novaless-idempotency-key';

/** The id of what the request makes: random, or a UUIDv5 of the caller's key within its project. */
export function idFor(request: Pick<Request, 'header'>, project: string, kind: string): string {
  const key = request.header(IDEMPOTENCY_KEY);
  if (key === undefined) return randomUUID();
  const hash = createHash('sha1').update(`${kind}\0${project}\0${key}`).digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
