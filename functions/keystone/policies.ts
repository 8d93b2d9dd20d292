import type { RequestContext } from '../../shared/identity/context.ts';
import { admin, anyone, either, type Rule } from '../../shared/identity/policy.ts';

const has = (context: RequestContext, role: string) => context.roles.includes(role);

// Targets name the user, project or domain that is asked about. What a target does not name, nobody owns.
const systemReader: Rule = (context) => has(context, 'reader') && context.system_scope === true;
const domainReader: Rule = (context, { domain_id }) => has(context, 'reader') && domain_id != null && context.domain_id === domain_id;
const domainManager: Rule = (context, { domain_id }) => has(context, 'manager') && domain_id != null && context.domain_id === domain_id;
const self: Rule = (context, { user_id }) => user_id != null && context.user_id === user_id;
const ownProject: Rule = (context, { project_id }) => project_id != null && context.project_id === project_id;
const ownDomain: Rule = (context, { domain_id }) => domain_id != null && (context.domain_id === domain_id || context.project_domain_id === domain_id);
const service: Rule = (context) => has(context, 'service');

const adminOrSystemReader = either(admin, systemReader);
const adminOrReader = either(admin, systemReader, domainReader);

/** Keystone's defaults (keystone/common/policies). */
export const policies: Record<string, Rule> = {
  // Any valid token; the handler then asks the rule that knows its target.
  'identity:authenticated': anyone,

  'identity:check_token': either(admin, systemReader, self),
  'identity:validate_token': either(admin, systemReader, service, self),
  'identity:revoke_token': either(admin, self),
  'identity:allow_expired': either(admin, service),

  'identity:get_user': either(adminOrReader, self),
  'identity:list_users': adminOrReader,
  'identity:create_user': either(admin, domainManager),
  'identity:update_user': either(admin, domainManager),
  'identity:delete_user': either(admin, domainManager),

  'identity:get_application_credential': either(admin, systemReader, self),
  'identity:list_application_credentials': either(admin, systemReader, self),
  'identity:create_application_credential': self,
  'identity:delete_application_credential': either(admin, self),

  'identity:get_project': either(adminOrReader, ownProject),
  'identity:list_projects': adminOrReader,
  'identity:list_user_projects': either(adminOrReader, self),
  'identity:create_project': either(admin, domainManager),
  'identity:update_project': either(admin, domainManager),
  'identity:delete_project': either(admin, domainManager),
  'identity:list_project_tags': either(adminOrReader, ownProject),
  'identity:update_project_tags': either(admin, domainManager),

  'identity:get_domain': either(admin, systemReader, ownDomain),
  'identity:list_domains': adminOrReader,
  'identity:create_domain': admin,
  'identity:update_domain': admin,
  'identity:delete_domain': admin,

  'identity:get_role': adminOrSystemReader,
  'identity:list_roles': either(adminOrSystemReader, (context) => has(context, 'manager') && context.domain_id !== undefined),
  'identity:create_role': admin,
  'identity:update_role': admin,
  'identity:delete_role': admin,
  'identity:get_implied_role': adminOrSystemReader,
  'identity:list_implied_roles': adminOrSystemReader,
  'identity:list_role_inference_rules': adminOrSystemReader,
  'identity:create_implied_role': admin,
  'identity:delete_implied_role': admin,

  'identity:list_role_assignments': adminOrReader,
  'identity:list_grants': adminOrReader,
  'identity:check_grant': adminOrReader,
  'identity:create_grant': admin,
  'identity:revoke_grant': admin,
  'identity:list_system_grants_for_user': adminOrSystemReader,
  'identity:check_system_grant_for_user': adminOrSystemReader,
  'identity:create_system_grant_for_user': admin,
  'identity:revoke_system_grant_for_user': admin,

  'identity:get_service': adminOrSystemReader,
  'identity:list_services': adminOrSystemReader,
  'identity:create_service': admin,
  'identity:update_service': admin,
  'identity:delete_service': admin,
  'identity:get_endpoint': adminOrSystemReader,
  'identity:list_endpoints': adminOrSystemReader,
  'identity:create_endpoint': admin,
  'identity:update_endpoint': admin,
  'identity:delete_endpoint': admin,
  'identity:get_region': anyone,
  'identity:list_regions': anyone,
  'identity:create_region': admin,
  'identity:update_region': admin,
  'identity:delete_region': admin,
};
