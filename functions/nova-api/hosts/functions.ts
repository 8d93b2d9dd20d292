import { createHash } from 'node:crypto';

/** Where services without a host stand, as Nova's own do. */
export const INTERNAL_ZONE = 'internal';
const HOST = 'lambda';
const binaries = ['nova-scheduler', 'nova-conductor'];

/**
 * nova-scheduler and nova-conductor are functions: no host runs them and nobody disables them; they are up whenever they are
 * called, the moment of asking included. They are listed because people look for them among the services.
 */
export const functionServices = (minor: number) => binaries.map((binary, i) => ({
  id: minor >= 53 ? uuidOf(binary) : i + 1,
  binary, host: HOST, zone: INTERNAL_ZONE, status: 'enabled', state: 'up', updated_at: new Date().toISOString().replace('Z', '000'), disabled_reason: null,
  ...(minor >= 11 && { forced_down: false }),
}));

/** The same in every deployment: there is one of each. */
function uuidOf(binary: string): string {
  const hex = createHash('sha1').update(`novaless ${binary}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
