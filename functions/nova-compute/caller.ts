import type { RequestContext } from '../../shared/identity/context.ts';
import type { Caller } from '../../shared/openstack/rest.ts';

/**
 * In whose name other services are asked: the user's, with nova's own token beside it, which lets long work end after the user's
 * has expired. Work that the sweeper began anew has no user's token, and is done in nova's name.
 */
export const callerOf = (context: RequestContext): Caller => (context.token ? { context, service: 'nova' } : { service: 'nova' });

/** For what nova-api looked at as the launch began, a few seconds ago: an answer by what was read then will do (RFC 9111, 5.2.1.1). */
export const asTheLaunchBegan = { 'Cache-Control': 'max-age=5' };
