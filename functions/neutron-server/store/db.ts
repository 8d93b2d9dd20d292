import { table } from '../../../shared/store/table.ts';

export const db = table('neutron');

/** Now, as the API writes times. */
export const timestamp = () => `${new Date().toISOString().slice(0, 19)}Z`;
