import { table } from '../../shared/store/table.ts';

/** The nova table, shared with nova-scheduler and nova-conductor. */
export const nova = table('nova');
