import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** W3C trace context: one trace follows a request through REST calls and messages. */
const current = new AsyncLocalStorage<string>();

export const newTrace = () => `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
const valid = (traceparent: string | undefined) => traceparent !== undefined && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent);

/** Runs work within the caller's trace, or a new one where the caller sent none. */
export const withTrace = <T>(traceparent: string | undefined, work: () => T): T => current.run(valid(traceparent) ? traceparent! : newTrace(), work);

/** The `traceparent` to send along: the same trace, a new span. */
export function traceparent(): string {
  const [version, trace, , flags] = (current.getStore() ?? newTrace()).split('-');
  return [version, trace, randomBytes(8).toString('hex'), flags].join('-');
}
