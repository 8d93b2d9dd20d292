import type { Domain } from '../records/entities.ts';
import { catalogFor } from './catalog.ts';
import type { Claims } from './claims.ts';
import type { Standing } from './standing.ts';

/** The token's body: Identity API v3, "Validate and show information for token". */
export async function renderToken(claims: Claims, { user, userDomain, project, projectDomain, domain, system, credential, roles, versions }: Standing, withCatalog: boolean): Promise<{ token: object }> {
  return {
    token: {
      methods: claims.methods,
      user: { domain: named(userDomain), id: user.data.id, name: user.data.name, password_expires_at: null },
      audit_ids: claims.audit_ids,
      expires_at: timestamp(claims.expires),
      issued_at: timestamp(claims.issued),
      ...(project && { project: { domain: named(projectDomain!), id: project.data.id, name: project.data.name }, is_domain: false }),
      ...(domain && { domain: named(domain) }),
      ...(system && { system: { all: true } }),
      ...(credential && { application_credential: { id: credential.data.id, name: credential.data.name, restricted: !credential.data.unrestricted } }),
      ...(claims.scope && { roles: roles.map(({ data }) => ({ id: data.id, name: data.name })) }),
      ...(claims.scope && withCatalog && { catalog: await catalogFor(user.data.id, project?.data.id, versions) }),
    },
  };
}

const named = ({ data }: Domain) => ({ id: data.id, name: data.name });

/** ISO 8601 with microseconds, as Keystone writes and clients parse it. */
export const timestamp = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z');
