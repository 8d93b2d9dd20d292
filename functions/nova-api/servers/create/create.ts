import { badRequest, serviceUnavailable } from '../../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../../shared/http/route.ts';
import { actionKey } from '../../../../shared/objects/action.ts';
import { type Instance, instanceKey, SCHEDULING_SECONDS } from '../../../../shared/objects/instance.ts';
import { usageOf } from '../../../../shared/objects/quota.ts';
import { requestedOf } from '../../../../shared/objects/request_spec.ts';
import { call } from '../../../../shared/rpc/send.ts';
import { novaApi } from '../../../../shared/rpc/topics/nova-api.ts';
import { novaScheduler } from '../../../../shared/rpc/topics/nova-scheduler.ts';
import { absent } from '../../../../shared/store/condition.ts';
import { TransactionRefused } from '../../../../shared/store/errors.ts';
import { pack } from '../../../../shared/store/packing.ts';
import type { Write } from '../../../../shared/store/table.ts';
import { factsOf, log } from '../../../../shared/telemetry/log.ts';
import { recordedSteps, step, stepDone, type Step } from '../../../../shared/telemetry/steps.ts';
import { isTrue } from '../../common/types.ts';
import { linksOf } from '../../common/links.ts';
import { giveBack, reserve, type Ask } from '../../quota/reserve.ts';
import { nova } from '../../store.ts';
import { once } from './once.ts';
import { type LaunchPlan, type OwnRecords, planLaunch, readOwn } from './plan.ts';
import { createAction, newInstances } from './record.ts';
import { type LaunchRequest, launchRequest } from './request.ts';
import type { CreateBody } from './schema.ts';

const ACTOR = 'nova-api';

/** `POST /servers`, steps 3 to 8: check everything, take quota, write the records, ask the scheduler. 202: the rest goes on by messages. */
export async function createServers(request: Request<CreateBody>): Promise<Reply> {
  const { context, requestId } = request;
  if (context.project_id === null) throw badRequest('A server belongs to a project: ask with a token that is scoped to one.');
  const received = request.receivedAt.toISOString();
  stepDone(3, ACTOR, requestId, { start: received, end: received });
  const asked = launchRequest(request);
  return once(request, { start: (uuids) => start(asked, request, uuids), answerFor: (first) => answer(first, asked, request) });
}

async function start(asked: LaunchRequest, request: Request<CreateBody>, uuids: (index: number) => string): Promise<Reply> {
  const { plan, ask, count } = await step(6, ACTOR, request.requestId, () => planAndReserve(asked, request));
  const instances = newInstances(asked, plan, count, request.context, uuids);
  await write(instances, request).catch(async (error: unknown) => {
    await giveBack(ask, count);
    throw error;
  });
  await schedule(instances, ask, request);
  return answer(instances[0]!, asked, request);
}

interface Reserved { ask: Ask; count: number }

/** Quota is taken while the other services are asked, and given back where what they say forbids the launch. */
async function planAndReserve(asked: LaunchRequest, request: Request): Promise<Reserved & { plan: LaunchPlan }> {
  const own = readOwn(asked, request.context);
  const [planned, taken] = await Promise.allSettled([planLaunch(asked, request, own), own.then((records) => takeQuota(asked, request, records))]);
  const reserved = taken.status === 'fulfilled' ? taken.value : undefined;
  if (planned.status === 'fulfilled' && reserved) return { plan: planned.value, ...reserved };
  if (reserved) await giveBack(reserved.ask, reserved.count);
  throw [planned, taken].find((outcome) => outcome.status === 'rejected')!.reason;
}

async function takeQuota({ minCount, maxCount }: LaunchRequest, { context }: Request, { flavor, quota: { record, limits } }: OwnRecords): Promise<Reserved | undefined> {
  if (!flavor) return undefined; // which the plan says
  const { project_id: projectId, user_id: userId } = context;
  const ask: Ask = { projectId: projectId!, userId, each: usageOf(flavor), minCount, maxCount, limits, userLimits: record?.user_limits?.[userId] };
  return { ask, count: await reserve(ask, record) };
}

/** DynamoDB takes a hundred writes at once; two are an instance's. */
const TOGETHER = 50;

/** Step 7: each instance with its action, which holds the steps so far. All or none. */
async function write(instances: Instance[], { requestId, receivedAt }: Request): Promise<void> {
  const start = new Date().toISOString();
  for (let i = 0; i < instances.length; i += TOGETHER) {
    const steps = [...ownSteps(), { step: 7, actor: ACTOR, start, end: new Date().toISOString(), result: 'Success', request_id: requestId }];
    try {
      await nova.transact(instances.slice(i, i + TOGETHER).flatMap((instance): Write[] => [
        { put: pack('nova', instance), if: { pk: absent() } },
        { put: createAction(instance, receivedAt.toISOString(), steps) },
      ]));
    } catch (error) {
      await Promise.all(instances.slice(0, i).map(remove));
      throw error;
    }
  }
}

/** What nova-api itself and keystone did for it; the checks' own REST calls have steps that belong to later callers. */
const ownSteps = (): Step[] => recordedSteps().filter(({ step: number }) => number <= 6);

/** Step 8. What could not be sent is undone; where that is all of it, the client may try again. */
async function schedule(instances: Instance[], ask: Ask, { context, requestId }: Request): Promise<void> {
  const deadline = new Date(Date.now() + SCHEDULING_SECONDS * 1000);
  const sent = await Promise.all(instances.map(async (instance) => {
    const { uuid: instance_uuid, project_id } = instance;
    const now = new Date().toISOString();
    const steps: Step[] = [{ step: 8, actor: ACTOR, start: now, end: now, result: 'Success', request_id: requestId }];
    try {
      await call(novaScheduler.methods.select_destinations, { instance_uuid, project_id, request_spec: { ...requestedOf(instance) } }, {
        context, steps, deadline, replyTo: novaApi.replies.destinations_selected, passback: { instance_uuid, project_id },
      });
      return true;
    } catch (error) {
      log.error('not sent to nova-scheduler', { request_id: requestId, instance: instance_uuid, ...factsOf(error) });
      return false;
    }
  }));
  const undone = await Promise.all(instances.filter((_, i) => !sent[i]).map(remove));
  const removed = undone.filter(Boolean).length;
  if (removed > 0) await giveBack(ask, removed);
  if (removed === instances.length) throw serviceUnavailable('The scheduler cannot be reached, try again.');
}

/** Takes back the record of an instance that nobody has taken up. False: somebody has, so the message did arrive. */
async function remove({ project_id, uuid, create_request_id }: Instance): Promise<boolean> {
  try {
    await nova.transact([
      { delete: instanceKey(project_id, uuid), if: { host: null, task_state: 'scheduling', vm_state: 'building' } },
      { delete: actionKey(uuid, create_request_id) },
    ]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
}

function answer(first: Instance, asked: LaunchRequest, request: Request<CreateBody>): Reply {
  const { server } = request.body;
  if (isTrue(server.return_reservation_id)) return { status: 202, body: { reservation_id: first.reservation_id } };
  const links = linksOf(request, 'servers', first.uuid);
  return {
    status: 202,
    headers: { Location: links[0]!.href },
    body: {
      server: {
        id: first.uuid, links, 'OS-DCF:diskConfig': first.disk_config, security_groups: server.security_groups ?? [{ name: 'default' }], adminPass: asked.adminPass,
      },
    },
  };
}
