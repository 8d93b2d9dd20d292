import { repeat, spread, timed } from './statistics.ts';
import type { Row } from './report.ts';
import type { Target } from './target.ts';
import type { Workload } from './workload.ts';

export interface Timings { short: boolean; say: (text: string) => void; put: (row: Row) => void }

/**
 * Code that has run a few times only is not compiled yet, here as on Lambda; what is measured is a cloud in use. So each kind of request is
 * asked for some time before, and launches are made that nobody counts. The first launch has a row of its own.
 */
const WARM_MS = 2000;
const WARM_MS_OF_SHORT = 200;
const WARM_LAUNCHES = 100;
const WARM_LAUNCHES_OF_SHORT = 12;

async function warmUp(work: () => Promise<void>, { short }: Pick<Timings, 'short'>): Promise<void> {
  const end = performance.now() + (short ? WARM_MS_OF_SHORT : WARM_MS);
  while (performance.now() < end) await work();
}

/** keystone: logins and validations. */
export async function tokens(target: Target, hashMs: number, timings: Timings): Promise<void> {
  const { short, put } = timings;
  const times = short ? 10 : 100;
  await target.login();
  for (const sideBySide of [1, 8]) {
    const { each, all } = await repeat(times, sideBySide, () => target.login());
    put({ section: 'keystone', label: `token issue, c=${sideBySide}, p50`, value: spread(each).p50, unit: 'ms' });
    put({ section: 'keystone', label: `token issue, c=${sideBySide}`, value: times / (all / 1000), unit: 'tokens/s' });
    if (sideBySide === 1) {
      put({ section: 'keystone', label: 'the bare password hash', value: hashMs, unit: 'ms' });
      put({ section: 'keystone', label: 'token issue as a ratio to it', value: spread(each).p50 / hashMs, unit: 'times' });
    }
  }
  await warmUp(() => target.validate(), timings);
  const { each } = await repeat(times * 2, 1, () => target.validate());
  put({ section: 'keystone', label: 'token validation, p50', value: spread(each).p50, unit: 'ms', reference: 16, goal: 2 });
}

/** One launch after the other, then bursts. */
export async function launches(target: Target, workload: Workload, timings: Timings): Promise<void> {
  const { short, say, put } = timings;
  const posts: number[] = [];
  const actives: number[] = [];
  const deletes: number[] = [];
  const times = short ? 10 : 20;
  const warm = short ? WARM_LAUNCHES_OF_SHORT : WARM_LAUNCHES;
  for (let i = 0; i < warm + times; i++) {
    let ids: string[] = [];
    const post = await timed(async () => { ids = await workload.launch(); });
    const rest = await timed(() => workload.active(ids));
    const deleted = await timed(() => workload.delete(ids));
    if (i === 0) put({ section: 'one launch at a time', label: 'the very first, POST → ACTIVE', value: post + rest, unit: 'ms' });
    if (i < warm) continue;
    posts.push(post);
    actives.push(post + rest);
    deletes.push(deleted);
  }
  const [post, active] = [spread(posts), spread(actives)];
  put({ section: 'one launch at a time', label: 'POST /servers, p50', value: post.p50, unit: 'ms', reference: 78, goal: 10 });
  put({ section: 'one launch at a time', label: 'POST /servers, p90', value: post.p90, unit: 'ms' });
  put({ section: 'one launch at a time', label: 'POST /servers, p99', value: post.p99, unit: 'ms' });
  put({ section: 'one launch at a time', label: 'POST → ACTIVE, p50', value: active.p50, unit: 'ms', reference: 622, goal: 60 });
  put({ section: 'one launch at a time', label: 'POST → ACTIVE, p90', value: active.p90, unit: 'ms' });
  put({ section: 'one launch at a time', label: 'POST → ACTIVE, p99', value: active.p99, unit: 'ms' });
  put({ section: 'one launch at a time', label: 'DELETE → gone, p50', value: spread(deletes).p50, unit: 'ms' });

  for (const count of short ? [30] : [100, 1000]) {
    say(`a burst of ${count} launches`);
    let ids: string[] = [];
    const all = await timed(async () => {
      await repeat(count, 8, async () => { ids.push(...await workload.launch()); });
      await workload.active(ids);
    });
    put({ section: 'bursts', label: `burst of ${count}, c=8`, value: count / (all / 1000), unit: 'launch/s', reference: 1.2, goal: 36 });
    await lists(target, ids[0]!, count, timings);
    const gone = await timed(() => workload.delete(ids));
    put({ section: 'bursts', label: `delete of ${count}`, value: count / (gone / 1000), unit: 'server/s' });
    ids = [];
  }
  let ids: string[] = [];
  const multi = short ? 10 : 50;
  const all = await timed(async () => {
    ids = await workload.launch(multi);
    await workload.active(ids);
  });
  put({ section: 'bursts', label: `multi-create of ${multi}`, value: multi / (all / 1000), unit: 'launch/s', reference: 2.8, goal: 60 });
  await workload.delete(ids);
}

/** What a project with `there` servers sees. */
async function lists(target: Target, id: string, there: number, timings: Timings): Promise<void> {
  const { short, put } = timings;
  const times = short ? 10 : 30;
  const get = (path: string) => async () => { await target.request('compute', 'GET', path); };
  const p50 = async (path: string) => {
    await warmUp(get(path), timings);
    return spread((await repeat(times, 1, get(path))).each).p50;
  };
  put({ section: 'show and list', label: `GET /servers/{id} of ${there}, p50`, value: await p50(`/servers/${id}`), unit: 'ms', reference: 59, goal: 3 });
  put({ section: 'show and list', label: `GET /servers of ${there}, p50`, value: await p50('/servers?limit=1000'), unit: 'ms' });
  const goals: Record<number, object> = { 100: { reference: 283, goal: 15 }, 1000: { goal: 120 } };
  put({ section: 'show and list', label: `GET /servers/detail of ${there}, p50`, value: await p50('/servers/detail?limit=1000'), unit: 'ms', ...goals[there] });
}
