import { AsyncLocalStorage } from 'node:async_hooks';

/** The message being handled, so that what it sends in turn carries its hop count on. */
const current = new AsyncLocalStorage<{ hops: number }>();
export const handling = <T>(message: { hops: number }, work: () => T): T => current.run(message, work);
export const currentHops = () => current.getStore()?.hops ?? 0;
