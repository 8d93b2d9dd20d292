import { all, type Endpoint, type Service } from './entities.ts';

/** How long an environment goes by the services and endpoints that it has read: every login and most validations show them. Keystone keeps its catalog for ten minutes. */
const KEEP_MS = 5_000;
let known: { until: number; read: Promise<[Service[], Endpoint[]]> } | undefined;

export function servicesAndEndpoints(): Promise<[Service[], Endpoint[]]> {
  if (known && known.until > Date.now()) return known.read;
  const read = Promise.all([all('service'), all('endpoint')]);
  known = { until: Date.now() + KEEP_MS, read };
  read.catch(forgetServices);
  return read;
}

/** After a change made here, so that this environment at least sees it at once. */
export const forgetServices = (): void => { known = undefined; };
