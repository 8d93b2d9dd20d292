import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import type { ServiceUser } from '../../../shared/identity/service-token.ts';
import type { Item } from '../../../shared/store/table.ts';
import { newId } from '../ids.ts';
import { hashPassword, hashSecret, newSecret, verifyPassword } from '../password.ts';
import { changeEntity, insertEntity } from '../records/changes.ts';
import { find, keyOf, store, type Kinds, type User } from '../records/entities.ts';
import { grant } from '../records/grants.ts';
import { findByName, type Named } from '../records/names.ts';
import { allChanged } from '../records/versions.ts';
import { rotateKeys } from '../token/keys.ts';
import { mintServiceTokens, serviceUsers } from '../token/service-tokens.ts';
import { bootstrapCatalog } from './catalog.ts';

/** As `keystone-manage bootstrap`, together with what DevStack does next. */
export const Bootstrap = Type.Object({
  command: Type.Literal('bootstrap'),
  /** The user admin's; left as it is where not given (and then the user must be there). */
  adminPassword: Type.Optional(Type.String({ minLength: 1 })),
  /** Public base URL, without a slash at its end. */
  endpoint: Type.String({ pattern: '^https?://.*[^/]$' }),
  region: Type.String({ minLength: 1, maxLength: 255 }),
});

const DEFAULT_DOMAIN = 'default';
/** Each with what it implies. Keystone protects its own roles from change. */
const roles = { reader: undefined, member: 'reader', manager: 'member', admin: 'manager', service: undefined } as const;

/** Makes what is not there yet and puts the endpoints' URLs right. May run again at any time, also beside itself. */
export async function bootstrap({ adminPassword, endpoint, region }: Static<typeof Bootstrap>) {
  await rotateKeys();
  if (!(await find('domain', DEFAULT_DOMAIN))) {
    const data = { id: DEFAULT_DOMAIN, name: 'Default', description: 'The default domain', enabled: true, options: {}, tags: [] };
    await insertEntity('domain', data).catch(unlessThere);
  }
  const roleIds = {} as Record<keyof typeof roles, string>;
  for (const [name, implied] of Object.entries(roles) as [keyof typeof roles, keyof typeof roles | undefined][]) {
    const role = await ensure('role', null, name, { description: null, options: { immutable: true } });
    if (implied && !role.implies) await store.update(keyOf('role', role.data.id), { setIfAbsent: { implies: [roleIds[implied]] } });
    roleIds[name] = role.data.id;
  }
  const [admin, service] = await Promise.all([
    ensureProject('admin', 'Bootstrap project for initializing the cloud.'),
    ensureProject('service', 'The services themselves'),
    bootstrapCatalog(endpoint, region),
  ]);
  await allChanged();
  const [adminUser, ...services] = await Promise.all([
    ensureAdmin(adminPassword, admin.data.id, roleIds.admin),
    ...serviceUsers.map((name) => ensureServiceUser(name, service.data.id, [roleIds.service, roleIds.admin])),
  ]);
  await mintServiceTokens({ all: true });
  const users = Object.fromEntries([adminUser, ...services].map(({ data }) => [data.name, data.id]));
  return { domain: DEFAULT_DOMAIN, projects: { admin: admin.data.id, service: service.data.id }, users, roles: roleIds, region };
}

const ensureProject = (name: string, description: string) =>
  ensure('project', DEFAULT_DOMAIN, name, { description, enabled: true, is_domain: false, parent_id: DEFAULT_DOMAIN, options: {}, tags: [] });

const newUser = () => ({ enabled: true, default_project_id: null, options: {}, password_expires_at: null });

async function ensureAdmin(password: string | undefined, project: string, role: string): Promise<User> {
  const user = await adminUser(password, project);
  for (const target of [{ project }, { domain: DEFAULT_DOMAIN }, { system: true as const }]) await grant(user.data.id, target, role);
  return user;
}

async function adminUser(password: string | undefined, project: string): Promise<User> {
  const known = await findByName('user', DEFAULT_DOMAIN, 'admin');
  if (!known) {
    if (password === undefined) throw new Error('adminPassword is missing: there is no user admin yet');
    return ensure('user', DEFAULT_DOMAIN, 'admin', { ...newUser(), default_project_id: project }, { password: await hashPassword(password) });
  }
  // the same password again must not end the tokens that are about
  if (password === undefined || (await verifyPassword(password, known.password))) return known;
  return changeEntity('user', known.data.id, async () => ({ password: await hashPassword(password), valid_since: Date.now() }));
}

async function ensureServiceUser(name: ServiceUser, project: string, given: string[]): Promise<User> {
  // Nobody needs the secret: the sweeper mints their tokens. `service-password` makes one that an operator may use.
  const user = await ensure('user', DEFAULT_DOMAIN, name, newUser(), { password: hashSecret(newSecret()) });
  for (const role of given) await grant(user.data.id, { project }, role);
  return user;
}

/** The thing of that name, made where it is not there. */
async function ensure<K extends Named>(kind: K, domain_id: string | null, name: string, data: object, more: Item = {}): Promise<Kinds[K]> {
  const known = await findByName(kind, domain_id, name);
  if (known) return known;
  try {
    return await insertEntity(kind, { id: newId(), name, domain_id, ...data } as Kinds[K]['data'], more);
  } catch (error) {
    unlessThere(error);
    const other = await findByName(kind, domain_id, name); // somebody made it meanwhile
    if (!other) throw error;
    return other;
  }
}

function unlessThere(error: unknown): void {
  if ((error as { status?: number }).status !== 409) throw error;
}
