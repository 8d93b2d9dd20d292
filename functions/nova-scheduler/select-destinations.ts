import type { ActionEvent } from '../../shared/objects/action.ts';
import { instanceKey, type Instance } from '../../shared/objects/instance.ts';
import { CLAIM, claimWrites } from '../../shared/objects/claim.ts';
import type { ComputeNode } from '../../shared/objects/compute_node.ts';
import type { Requested } from '../../shared/objects/request_spec.ts';
import { cast } from '../../shared/rpc/send.ts';
import { RemoteFailure, type Delivery } from '../../shared/rpc/serve.ts';
import type { Args } from '../../shared/rpc/topic.ts';
import { novaCompute } from '../../shared/rpc/topics/nova-compute.ts';
import type { novaScheduler } from '../../shared/rpc/topics/nova-scheduler.ts';
import { StoreBusy, TransactionRefused } from '../../shared/store/errors.ts';
import { table, type Write } from '../../shared/store/table.ts';
import { recordedSteps, stepDone, takeSteps, type Step } from '../../shared/telemetry/steps.ts';
import { configuration } from './configuration.ts';
import { filterHosts, type Verdict } from './filter-hosts.ts';
import { claimed, forget, hostStates, launchesOf, look, observe, promise } from './host-view.ts';
import { noValidHost, NO_VALID_HOST } from './no-valid-host.ts';
import { requestSpec, type HostState, type RequestSpec } from './request.ts';
import { resolveHints } from './resolve-hints.ts';
import { oneOfTheBest, weighHosts } from './weigh-hosts.ts';

const nova = table('nova');
const ACTOR = 'nova-scheduler';
/** Hosts that may refuse a claim before the message comes back for another look. */
const CLAIMS_AT_MOST = 20;

export interface Destination { instance_uuid: string; host: string; alternates: string[] }

/**
 * Steps 9 to 12: takes the request, finds a host by filtering, then weighing, claims its room, has the launch go on there,
 * and answers. A repeated request finds the claim that the first one made, and says the same again.
 */
export async function selectDestinations({ instance_uuid, project_id, request_spec }: Args<typeof novaScheduler.methods.select_destinations>, delivery: Delivery): Promise<Destination> {
  stepDone(9, ACTOR, delivery.context.request_id);
  // at its first receive nothing has mostly happened yet: the claim's conditions would tell
  if (request_spec && delivery.receives === 1) {
    const destination = await select(request_spec as unknown as Requested, delivery);
    if (destination !== 'overtaken') return destination;
  }
  const instance = await nova.get<Instance>(instanceKey(project_id, instance_uuid));
  if (!instance || instance.vm_state === 'deleted') throw new RemoteFailure('InstanceNotFound', `Instance ${instance_uuid} could not be found.`);
  if (instance.host !== null) return launched(instance, delivery);
  if (instance.vm_state !== 'building') throw new RemoteFailure('NoValidHost', instance.fault?.message ?? NO_VALID_HOST);
  if (instance.task_state !== 'scheduling') throw new RemoteFailure('InstanceInvalidState', `Instance ${instance_uuid} is in task_state ${instance.task_state}.`);
  const destination = await select(instance, delivery);
  return destination === 'overtaken' ? selectDestinations({ instance_uuid, project_id }, delivery) : destination; // to see what overtook it
}

/** Step 10, and what follows from it. */
async function select(instance: Requested, delivery: Delivery): Promise<Destination | 'overtaken'> {
  const started = new Date();
  const request = await resolveHints(requestSpec(instance));
  const found = await claimOneOf(request, started, delivery);
  if (found === 'overtaken') return 'overtaken';
  if ('verdicts' in found) {
    await noValidHost(instance, found.verdicts, started, delivery);
    throw new RemoteFailure('NoValidHost', NO_VALID_HOST);
  }
  return launch(instance, found.host, 1, found.alternates, delivery);
}

/** What was answered before; while the build may not have begun, it is asked for again. */
const launched = (instance: Instance, delivery: Delivery): Promise<Destination> | Destination =>
  instance.vm_state === 'building' && instance.task_state !== 'deleting'
    ? launch(instance, instance.host!, instance.attempt, instance.alternates ?? [], delivery)
    : { instance_uuid: instance.uuid, host: instance.host!, alternates: instance.alternates ?? [] };

/** Steps 11 and 12: the answer goes out as soon as the cast has, and is recorded on its way. */
async function launch(instance: Requested, host: string, attempt: number, alternates: string[], { context }: Delivery): Promise<Destination> {
  const { uuid: instance_uuid, project_id, create_request_id: request_id } = instance;
  stepDone(11, ACTOR, request_id);
  stepDone(12, ACTOR, request_id);
  const steps = recordedSteps().filter(({ step }) => step === 11 || step === 12);
  await cast(novaCompute.methods.build_and_run_instance, { instance_uuid, project_id, host, attempt, alternates, request_id }, { context, steps });
  return { instance_uuid, host, alternates };
}

type Found = { host: string; alternates: string[] } | { verdicts: Verdict[] } | 'overtaken';
type Outcome = 'claimed' | 'full' | 'busy' | 'overtaken';

/** Claims the best host; one that refuses is looked at anew, and the next one tried. */
async function claimOneOf(request: RequestSpec, started: Date, delivery: Delivery): Promise<Found> {
  const passedOver = new Set<string>();
  let afresh = false;
  for (let tries = 0; tries < CLAIMS_AT_MOST; ) {
    await look({ afresh });
    const states = hostStates().filter(({ host }) => !passedOver.has(host));
    const { hosts, verdicts } = filterHosts(states, request, configuration.enabled_filters);
    if (hosts.length === 0) {
      if (afresh) return { verdicts };
      afresh = true; // nobody is told "no" from memory
      continue;
    }
    tries++;
    const [chosen, ...others] = oneOfTheBest(weighHosts(hosts, request, configuration.weight_multipliers), configuration.host_subset_size);
    const alternates = others.slice(0, configuration.max_attempts - 1).map(({ host }) => host);
    const outcome = await claim(chosen!, alternates, request, started, delivery);
    if (outcome === 'claimed') return { host: chosen!.host, alternates };
    if (outcome === 'overtaken') return 'overtaken';
    if (outcome === 'busy') passedOver.add(chosen!.host);
  }
  throw new StoreBusy('every host that was tried had just been taken');
}

/** Claims of one environment on one host come one after the other: they would only cancel each other. */
const turns = new Map<string, Promise<unknown>>();

async function claim(host: HostState, alternates: string[], request: RequestSpec, started: Date, delivery: Delivery): Promise<Outcome> {
  const takeBack = promise(host.host, request.resources);
  const turn = (turns.get(host.host) ?? Promise.resolve()).then(() => transact(host, alternates, request, started, delivery));
  const settled = turn.catch(() => {});
  turns.set(host.host, settled);
  void settled.then(() => turns.get(host.host) === settled && turns.delete(host.host));
  try {
    return await turn;
  } finally {
    takeBack();
  }
}

/** By which the host's record, as this claim leaves it, is known from older ones. */
const changeOf = (write: Write): string => ('update' in write ? String(write.change.set?.['gsi1sk']) : '');

async function transact(host: HostState, alternates: string[], { instance, resources }: RequestSpec, started: Date, { context }: Delivery): Promise<Outcome> {
  const end = new Date().toISOString();
  const steps: Step[] = [...recordedSteps().filter(({ step }) => step < 10), { step: 10, actor: ACTOR, start: started.toISOString(), end, result: 'Success', request_id: context.request_id, detail: host.host }];
  const began = (event: string, more: Partial<ActionEvent>) => ({ [`events.${event}`]: { event, start_time: end, finish_time: null, result: null, ...more } });
  const events = {
    ...began('conductor_schedule_and_build_instances', { start_time: started.toISOString(), finish_time: end, result: 'Success', host: ACTOR }),
    ...began('compute__do_build_and_run_instance', { host: host.host }), // its host's build begins with the claim
  };
  try {
    const writes = claimWrites({ instance, node: { ...host, ...launchesOf(host.host) }, attempt: 1, alternates, steps, events });
    await nova.transact(writes);
    claimed(host.host, resources, changeOf(writes[CLAIM.node]!));
    takeSteps(); // they are in the record
    return 'claimed';
  } catch (error) {
    if (error instanceof StoreBusy) return 'busy';
    if (!(error instanceof TransactionRefused)) throw error;
    const { failed } = error;
    // another claim for the same instance, or its deletion, came first
    if (failed[CLAIM.claim]?.conditionFailed || failed[CLAIM.instance]?.conditionFailed) return 'overtaken';
    if (!failed[CLAIM.node]?.conditionFailed) throw error;
    const now = failed[CLAIM.node]!.item as ComputeNode | undefined;
    if (now) observe(now);
    else forget(host.host);
    return 'full';
  }
}
