import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';

/** Who asks, as oslo.context carries it: made by the token middleware, handed to handlers, and sent along with messages. */
export const RequestContext = Type.Object({
  request_id: Type.String(), // req-UUID of the REST call that began all this
  global_request_id: Type.Optional(Type.String()),
  user_id: Type.String(),
  user_name: Type.String(),
  user_domain_id: Type.String(),
  project_id: Type.Union([Type.String(), Type.Null()]), // null: the token has no project scope
  project_name: Type.Optional(Type.String()),
  project_domain_id: Type.Optional(Type.String()),
  domain_id: Type.Optional(Type.String()), // a domain-scoped token's
  system_scope: Type.Optional(Type.Boolean()),
  roles: Type.Array(Type.String()), // role names
  service_roles: Type.Array(Type.String()), // roles of the X-Service-Token, where one came along
  token: Type.String(),
  token_expires_at: Type.String(), // ISO 8601
});
export type RequestContext = Static<typeof RequestContext>;

export const isAdmin = (context: RequestContext) => context.roles.includes('admin');
export const isService = (context: RequestContext) => context.roles.includes('service') || context.service_roles.includes('service');
