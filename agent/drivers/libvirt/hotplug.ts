import { ActionFailed } from '../driver.ts';
import { aliasesIn } from './domain.ts';
import { until, type Domains } from './domains.ts';

/** What a guest gets to let go of a device; its own system decides. Less than what the command has. */
const LET_GO_MS = 45_000;
const AGAIN_MS = 8000;
const PAUSED = 3, SHUT_OFF = 5;

/** A guest whose memory is on disk comes back with the devices that it went with. */
export async function changeable(domains: Domains, uuid: string): Promise<void> {
  const domain = await domains.state(uuid);
  if (domain?.state === SHUT_OFF && domain.saved) throw new ActionFailed('The guest is suspended: resume it first.');
}

/** Takes a device away from the guest, and waits until a running one has let go of it. */
export async function letGo(domains: Domains, uuid: string, alias: string, what: string, signal: AbortSignal): Promise<void> {
  await changeable(domains, uuid);
  const domain = await domains.state(uuid);
  if (!domain || domain.state === SHUT_OFF) return;
  const has = async () => aliasesIn((await domains.xml(uuid)) ?? '<domain/>').has(alias);
  if (!(await has())) return;
  if (domain.state === PAUSED) throw new ActionFailed(`The guest is paused and cannot let go of ${what}: unpause it first.`);
  for (const end = Date.now() + LET_GO_MS; Date.now() < end;) {
    await domains.detach(uuid, alias);
    if (await until(async () => !(await has()), Math.min(AGAIN_MS, end - Date.now()), signal)) return;
  }
  throw new ActionFailed(`The guest did not let go of ${what} within ${LET_GO_MS / 1000} seconds: perhaps it is in use there, or the guest is still starting.`);
}
