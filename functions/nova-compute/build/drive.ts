import { cast } from '../../../shared/rpc/send.ts';
import { novaConductor } from '../../../shared/rpc/topics/nova-conductor.ts';
import { record, recording, step, takeSteps, type Step } from '../../../shared/telemetry/steps.ts';
import { CannotDo } from '../errors.ts';
import { order } from '../host/command.ts';
import { readsCompressed } from '../host/enrolment.ts';
import { ring } from '../host/ring.ts';
import { due, journal, packedSteps, stepsIn, type Build } from '../journal.ts';
import { freed, held, LeaseLost, release, save } from '../lease.ts';
import { StoreBusy, TransactionRefused } from '../../../shared/store/errors.ts';
import type { VirtualInterface } from '../../../shared/objects/instance.ts';
import type { Write } from '../../../shared/store/table.ts';
import { guestOf, spawnSeconds, type SpawnParts } from './guest.ts';
import { findImage } from './image.ts';
import { allocateNetwork } from './network.ts';
import { firstTold } from '../network/refresh.ts';
import { attachVolumes, isToBeMade } from './storage.ts';
import { fail, undo } from './undo.ts';

/** A volume that takes longer than this to be made fails its launch. */
const VOLUME_SECONDS = 900;
const LOOK_AGAIN_SECONDS = 60;
const NETWORK_TRIES = 5;

/** Takes a leased build as far as it goes, from wherever it stands; its `image` may be looked for already. Whatever can't be done ends in its undo. */
export async function drive(build: Build, image?: ReturnType<typeof findImage>): Promise<void> {
  if (build.state === 'undoing') return undo(build);
  if (build.state === 'spawning') return announceAgain(build);
  if (build.state !== 'building' && build.state !== 'waiting') return release(build);
  try {
    await launch(build, image);
  } catch (error) {
    if (!(error instanceof CannotDo)) throw error;
    await fail(build, { reason: error.message, retry: error.retry });
  }
}

/** Steps 19 to 28. What a step may have made is in the journal, or can be found from it, before the next one begins. */
async function launch(build: Build, looked?: ReturnType<typeof findImage>): Promise<void> {
  const image = await (looked ?? findImage(build));
  // ports are found by the instance's id; of volumes the journal has to know before there are any
  if (!build.makes_volumes && build.instance!.block_devices.some(isToBeMade)) build = await save(build, { set: { makes_volumes: true } });
  // side by side, as Nova does it; where there is no network volumes are waited for, so that nothing is made any more once the undo begins
  const ports = allocateNetwork(build);
  const volumes = aside(() => attachVolumes(build));
  let network = await ports.finally(() => volumes);
  const storage = (await volumes)();
  if (storage === 'waiting') return wait(build);
  for (let tries = 1; ; tries++) {
    const parts = { image, vifs: network.vifs, block_devices: storage.block_devices, console_public_key: build.console_public_key! };
    if (await spawn(build, parts, network.interfaces, firstTold(build.instance_uuid, build.host, network.vifs, network.as_of))) return;
    if (tries === NETWORK_TRIES) throw new StoreBusy('the ports of the instance keep changing');
    network = await allocateNetwork(build); // what the ports may send and receive changed meanwhile
  }
}

/** Work whose steps, and what came of it, are told only where that is asked for: the record of a launch ends with the step that failed. */
function aside<T>(work: () => Promise<T>): Promise<() => T> {
  return recording([], async () => {
    const [outcome] = await Promise.allSettled([work()]);
    const steps = takeSteps();
    return () => {
      record(...steps);
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    };
  });
}

/** The launch rests until cinder tells that its volumes are there (volume_ready), or the sweeper looks after it. */
async function wait(build: Build): Promise<void> {
  if (Date.now() > Date.parse(build.started_at) + VOLUME_SECONDS * 1000) throw new CannotDo('The volumes of the instance were not created in time.');
  await save(build, { set: { state: 'waiting', steps: packedSteps(build.request_id), ...due(build.instance_uuid, Date.now() + LOOK_AGAIN_SECONDS * 1000) }, ...freed });
}

/** Step 28: the command for the host, and the journal's word of it, together; then the ring. False where what it tells of the ports (`told`) is out of date. */
async function spawn(build: Build, parts: SpawnParts, interfaces: VirtualInterface[], told: Write[]): Promise<boolean> {
  const { host, attempt, instance_uuid, project_id, instance } = build;
  const given = await step(28, 'nova-compute', build.request_id, async () => {
    const command = order({
      id: `spawn-${instance_uuid}-${attempt}`, kind: 'spawn', host, subject: instance_uuid, project_id, attempt, seconds: spawnSeconds(parts.image),
      args: guestOf(instance!, parts), purpose: { for: 'build', attempt }, small: await readsCompressed(host),
    });
    // from here on only the undo of volumes needs the instance's data; every later write of the record would be paid for by its size
    const needless = ['due_pk', 'due_at', 'console_public_key', ...(build.makes_volumes ? [] : ['instance'])];
    const set = { state: 'spawning', interfaces, block_devices: parts.block_devices, steps: packedSteps(build.request_id) };
    try {
      await journal.transact([{ update: build, change: { set, remove: needless }, if: held(build) }, ...command, ...told]);
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      if (error.failed.slice(0, 1 + command.length).some(({ conditionFailed }) => conditionFailed)) throw new LeaseLost();
      return false;
    }
    build = { ...build, ...set, state: 'spawning' };
    await ring(host);
    return true;
  });
  if (given) await announce(build);
  return given;
}

/**
 * Tells nova-conductor that the host has it now, with all that was made for the instance. A first launch mostly ends a moment later: what is to be
 * said of its steps and of the action's event is said then, in one write instead of two, or by `announceAgain`.
 */
const announce = (build: Build) => (build.attempt === 1 ? tellSpawning(build, { steps: [] }) : tellSpawning(build, { steps: takeSteps(), event: true }));

/** The same of a launch of which that may have got lost, or whose host takes its time: its record shows how far it is. */
export async function announceAgain(build: Build): Promise<void> {
  await ring(build.host, { afresh: true });
  await tellSpawning(build, { steps: [...stepsIn(build), ...takeSteps()], event: true });
}

async function tellSpawning({ instance_uuid, project_id, host, attempt, request_id, context, interfaces = [], block_devices = [], started_at }: Build, { steps, event = false }: { steps: Step[]; event?: boolean }): Promise<void> {
  await cast(
    novaConductor.methods.instance_update,
    {
      instance_uuid, project_id, host, attempt, request_id,
      change: { task_state: 'spawning', interfaces, block_devices },
      ...(event && { event: { name: 'compute__do_build_and_run_instance', start: started_at } }),
    },
    { context: context!, steps },
  );
}
