import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { ActionFailed, type Job } from '../driver.ts';
import { until, type Domains } from './domains.ts';
import { DOMAIN, isActive, type DomainState } from './states.ts';

/** What a guest gets to let go of a device; its own system decides. Less than what the command has. */
const LET_GO_MS = 45_000;
const AGAIN_MS = 8000;

/** The guest's domain, whose devices may change: one whose memory is on disk comes back with the devices that it went with. */
export async function changeable(domains: Domains, uuid: string): Promise<DomainState | undefined> {
  const domain = await domains.state(uuid);
  if (domain?.state === DOMAIN.SHUTOFF && domain.saved) throw new ActionFailed('The guest is suspended: resume it first.');
  return domain;
}

/**
 * An attachment that fails leaves nothing on the host: whoever asked for it takes volume or port for free, and may give them to another
 * guest. `undo`: what takes away what there may be, each step whatever became of the one before.
 */
export async function allOrNothing(attach: () => Promise<unknown>, { signal }: Pick<Job, 'signal'>, undo: (() => Promise<unknown>)[]): Promise<void> {
  try {
    await attach();
  } catch (error) {
    if (signal.aborted) throw error; // the guest goes as a whole, or the command comes again
    for (const step of undo) await step().catch((failure: unknown) => log.error('what a failed attachment left could not be taken away', factsOf(failure)));
    throw error;
  }
}

/** Takes a device away from the guest, and waits until a running one has let go of it. */
export async function letGo(domains: Domains, uuid: string, alias: string, what: string, signal: AbortSignal): Promise<void> {
  const domain = await changeable(domains, uuid);
  if (!isActive(domain) || !(await domains.has(uuid, alias))) return;
  if (domain!.state === DOMAIN.PAUSED) throw new ActionFailed(`The guest is paused and cannot let go of ${what}: unpause it first.`);
  for (const end = Date.now() + LET_GO_MS; Date.now() < end;) {
    await domains.detach(uuid, alias);
    if (await until(async () => !(await domains.has(uuid, alias)), Math.min(AGAIN_MS, end - Date.now()), signal)) return;
  }
  throw new ActionFailed(`The guest did not let go of ${what} within ${LET_GO_MS / 1000} seconds: perhaps it is in use there, or the guest is still starting.`);
}
