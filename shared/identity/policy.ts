import { isAdmin, isService, type RequestContext } from './context.ts';

/** What a rule is judged against: the owner of the thing asked for, the asker's own project where none is given. */
export interface Target { project_id?: string | null; user_id?: string | null; domain_id?: string | null }

/** A rule of oslo.policy, as a function. */
export type Rule = (context: RequestContext, target: Target) => boolean;

const has = (context: RequestContext, role: string) => context.roles.includes(role);
const ownProject = (context: RequestContext, target: Target) => target.project_id === undefined || (context.project_id !== null && target.project_id === context.project_id);

// Keystone's implied roles: admin implies member implies reader. Tokens carry them expanded.
export const anyone: Rule = () => true;
export const admin: Rule = (context) => isAdmin(context);
export const member: Rule = (context, target) => has(context, 'member') && ownProject(context, target);
export const reader: Rule = (context, target) => has(context, 'reader') && ownProject(context, target);
export const adminOrMember: Rule = (context, target) => isAdmin(context) || member(context, target);
export const adminOrReader: Rule = (context, target) => isAdmin(context) || reader(context, target);
export const adminOrOwner: Rule = (context, target) => isAdmin(context) || ownProject(context, target);
export const service: Rule = (context) => isService(context);
export const either = (...rules: Rule[]): Rule => (context, target) => rules.some((rule) => rule(context, target));
