import { badRequest, notFound } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { actionKey, ACTIONS, type ActionEvent, type InstanceAction, stepsOf } from '../../../shared/objects/action.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { stepEventName } from '../../../shared/telemetry/flow.ts';
import { STEPS_HEADER, type Step } from '../../../shared/telemetry/steps.ts';
import { paged } from '../common/paging.ts';
import { nova } from '../store.ts';
import { timeOf } from './filters.ts';
import { serverById } from './find.ts';
import { hostIdOf } from './view.ts';

/** From 2.21 on also of a server that is gone. */
const serverOf = ({ params, context, version }: Request) => serverById(params['id']!, context, { deleted: version.minor >= 21 });

/** Newest first. */
export async function listActions(request: Request): Promise<Reply> {
  const server = await serverOf(request);
  const actions = await nova.query<InstanceAction>({ pk: `SERVER#${server.uuid}`, prefix: ACTIONS });
  actions.sort((a, b) => (a.start_time < b.start_time ? 1 : -1));
  if (request.version.minor < 58) return { body: { instanceActions: actions.map((action) => view(action, request)) } };
  const since = timeOf(request.query, 'changes-since');
  const before = timeOf(request.query, 'changes-before');
  if (since !== undefined && before !== undefined && before < since) throw badRequest('The value of changes-since must be less than or equal to changes-before.');
  const changed = actions.filter(({ updated_at }) => (since === undefined || Date.parse(updated_at) >= since) && (before === undefined || Date.parse(updated_at) <= before));
  const { items, links } = paged(request, changed, ({ request_id }) => request_id, { unknownMarker: (marker) => `Marker ${marker} could not be found.` });
  return { body: { instanceActions: items.map((action) => view(action, request)), ...(links && { links }) } };
}

/** 2.51 shows events to owners too; tracebacks and hosts stay for admins. A launch's steps stand after them, in their order; as they are recorded, for who asks by the header. */
export async function showAction(request: Request): Promise<Reply> {
  const server = await serverOf(request);
  const action = await nova.get<InstanceAction>(actionKey(server.uuid, request.params['request']!));
  if (!action) throw notFound(`Action ${request.params['request']} not found`);
  const all = request.allowed('os_compute_api:os-instance-actions:events');
  if (!all && request.version.minor < 51) return { body: { instanceAction: view(action, request) } };
  const steps = stepsOf(action);
  const events = Object.values(action.events).sort((a, b) => ((a.start_time ?? '') < (b.start_time ?? '') ? 1 : -1));
  return {
    body: {
      instanceAction: {
        ...view(action, request),
        events: [...events, ...steps.map(asEvent)].map((event) => eventView(event, server, all, request)),
        // clients that print all that an answer holds shall print no more than Nova's
        ...(request.header(STEPS_HEADER) !== undefined && { 'novaless:steps': steps }),
      },
    },
  };
}

const view = (action: InstanceAction, { version }: Request) => ({
  action: action.action, instance_uuid: action.instance_uuid, request_id: action.request_id, user_id: action.user_id, project_id: action.project_id,
  start_time: microseconds(action.start_time), message: action.message,
  ...(version.minor >= 58 && { updated_at: microseconds(action.updated_at) }),
});

const asEvent = ({ step, actor, start, end, result, detail, cached_from }: Step): Omit<ActionEvent, 'result'> & { result: string } => ({
  event: stepEventName(step, actor), start_time: start, finish_time: end, result, ...((detail ?? cached_from) && { details: detail ?? `answered from the cache of ${cached_from}` }),
});

/** 2.62 adds the host and its hash, 2.84 details. */
function eventView(event: Omit<ActionEvent, 'result'> & { result: string | null }, server: Instance, all: boolean, { version: { minor }, allowed }: Request) {
  const host = event.host ?? null;
  return {
    event: event.event, start_time: microseconds(event.start_time), finish_time: microseconds(event.finish_time), result: event.result,
    ...(all && { traceback: event.traceback ?? null }),
    ...(minor >= 62 && { hostId: hostIdOf({ project_id: server.project_id, host }), ...(all && { host }) }),
    ...(minor >= 84 && allowed('os_compute_api:os-instance-actions:events:details') && { details: event.details ?? null }),
  };
}

/** Six digits and no zone. */
const microseconds = (at: string | null) => at && (at.includes('.') ? at.replace(/Z$/, '000') : at.replace(/Z$/, '.000000'));
