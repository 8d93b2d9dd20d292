import * as Type from '@sinclair/typebox';
import { badRequest, conflict, notFound } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { claimsOn, type ComputeNode, computeNodeKey, hostsChanged, isUp } from '../../../shared/objects/compute_node.ts';
import { now } from '../../../shared/objects/instance.ts';
import { exists } from '../../../shared/store/condition.ts';
import { Bool, isTrue, Strict } from '../common/types.ts';
import { nova } from '../store.ts';
import { functionServices } from './functions.ts';
import { allNodes, nodeById, nodeOf } from './store.ts';

/** The one binary that runs on hosts, and the one that can be disabled. */
const BINARY = 'nova-compute';

const Host = Type.String({ minLength: 1, maxLength: 255 });
const Reason = Type.String({ minLength: 1, maxLength: 255 });
export const enableSchema = Strict({ host: Host, binary: Host });
export const disableReasonSchema = Strict({ host: Host, binary: Host, disabled_reason: Reason });
export const forceDownSchema = Strict({ host: Host, binary: Host, forced_down: Bool });
export const updateSchema = Strict({
  status: Type.Optional(Type.Union([Type.Literal('enabled'), Type.Literal('disabled')])), disabled_reason: Type.Optional(Reason), forced_down: Type.Optional(Bool),
});

/** Compute services, `List Compute Services`: 2.11 adds forced_down, 2.53 makes the id a uuid. */
const view = (node: ComputeNode, minor: number) => ({
  id: minor >= 53 ? node.uuid : node.legacy_id,
  binary: BINARY,
  host: node.host,
  zone: node.availability_zone,
  status: node.disabled ? 'disabled' : 'enabled',
  state: isUp(node) ? 'up' : 'down',
  updated_at: node.last_seen_up?.replace(/Z$/, '') ?? null,
  disabled_reason: node.disabled_reason,
  ...(minor >= 11 && { forced_down: node.forced_down }),
});

export async function listServices({ query, version: { minor } }: Request): Promise<Reply> {
  const [host, binary] = [query.get('host'), query.get('binary')];
  const node = host ? await nodeOf(host) : undefined;
  const nodes = host ? (node ? [node] : []) : await allNodes();
  const services = [...functionServices(minor), ...nodes.map((each) => view(each, minor))];
  return { body: { services: services.filter((service) => (!host || service.host === host) && (!binary || service.binary === binary)) } };
}

/** Until 2.53: `PUT /os-services/enable`, `disable`, `disable-log-reason`, `force-down` with the host in the body. */
const byName = (change: (body: { disabled_reason?: string; forced_down?: boolean | string }) => Partial<ComputeNode>) => async ({ body, version: { minor } }: Request): Promise<Reply> => {
  if (body.binary !== BINARY) throw onlyCompute(body.binary);
  const node = await changeNode(await nodeOf(body.host), change(body), `Could not find binary ${BINARY} on host ${body.host}.`);
  const { host, binary, status, disabled_reason, forced_down } = view(node, Math.max(minor, 11));
  return { body: { service: 'forced_down' in body ? { host, binary, forced_down } : { host, binary, status, ...(disabled_reason !== null && { disabled_reason }) } } };
};
export const enable = byName(() => ({ disabled: false, disabled_reason: null }));
export const disable = byName(({ disabled_reason }) => ({ disabled: true, disabled_reason: disabled_reason ?? null }));
export const forceDown = byName(({ forced_down }) => ({ forced_down: isTrue(forced_down) }));

/** From 2.53: `PUT /os-services/{id}`. */
export async function updateService({ params, body, version: { minor } }: Request): Promise<Reply> {
  if (Object.keys(body).length === 0) throw badRequest("No updates were requested. Fields 'status' or 'forced_down' should be specified.");
  if (body.disabled_reason !== undefined && body.status !== 'disabled') throw badRequest("Specifying disabled_reason requires that status is set to 'disabled'.");
  const node = await changeNode(await findCompute(params['id']!, minor), {
    ...(body.status && { disabled: body.status === 'disabled', disabled_reason: body.disabled_reason ?? null }),
    ...(body.forced_down !== undefined && { forced_down: isTrue(body.forced_down) }),
  }, `Service ${params['id']} not found.`);
  return { body: { service: view(node, minor) } };
}

/** Takes a host out of the cloud. 409 while it has instances. */
export async function deleteService({ params, version: { minor } }: Request): Promise<Reply> {
  const node = await findCompute(params['id']!, minor);
  if (!node) throw notFound(`Service ${params['id']} not found.`);
  const claims = await nova.query({ ...claimsOn(node.host), limit: 1 });
  if (node.running_vms > 0 || claims.length > 0) throw conflict(`Unable to delete compute service that is hosting instances. Migrate or delete the instances first.`);
  await nova.remove(computeNodeKey(node.host), { running_vms: 0 });
  return { status: 204 };
}

const onlyCompute = (binary: string) => badRequest(`Updating a ${binary} service is not supported. Only nova-compute services can be updated.`);

async function findCompute(id: string, minor: number): Promise<ComputeNode | undefined> {
  if (minor >= 53 && !/^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i.test(id)) throw badRequest(`Invalid uuid ${id}`);
  const other = functionServices(minor).find((service) => String(service.id) === id);
  if (other) throw onlyCompute(other.binary);
  return nodeById(id, (node) => (minor >= 53 ? node.uuid : node.legacy_id));
}

/** The scheduler must hear of it: the change moves the host in its index. */
async function changeNode(node: ComputeNode | undefined, set: Partial<ComputeNode>, missing: string): Promise<ComputeNode> {
  if (!node) throw notFound(missing);
  return nova.update<ComputeNode>(computeNodeKey(node.host), { set: { ...set, updated_at: now(), ...hostsChanged(node.host) } }, { pk: exists() });
}
