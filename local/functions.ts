import { availableParallelism } from 'node:os';
import { startEnvironment } from './environment.ts';
import type { Environment, EnvironmentSettings } from './environment.ts';
import type { Answer, FunctionError } from './runtime.ts';

export interface FunctionSpec {
  name: string;
  arn: string;
  /** The folder with the bundle, and `FILE.EXPORT` in it. */
  folder: string;
  handler: string;
  /** MB */
  memory: number;
  /** Seconds */
  timeout: number;
  environment: Record<string, string>;
}

/** What caused an invocation; `direct` is Lambda's Invoke: another function, or an operator. */
export type Source = 'http' | 'sqs' | 'event' | 'direct';
export type Outcome = { result: unknown } | { error: FunctionError };
export interface Call { function: string; source: Source; event: unknown }

/**
 * For tests: sees every invocation, and may change, repeat, delay or fail it.
 * `next` carries it out; an Outcome with an error is what a crashed or timed-out function gives.
 */
export type AroundInvoke = (call: Call, next: (event: unknown) => Promise<Outcome>) => Promise<Outcome>;

export interface FunctionHost {
  /** Hands the function an event; waits for a free environment where all are busy. Throws only for an unknown function. */
  invoke(name: string, event: unknown, source?: Source): Promise<Outcome>;
  has(name: string): boolean;
  /** Resolves once none of the function's events waits for an environment. */
  allTaken(name: string): Promise<void>;
  /** Starts an environment where there is none, for an event that is about to come. */
  warm(name: string): void;
  /** Environments that run at this moment, by function. */
  environments(): Record<string, number>;
  /** Environments of one function at most: more invocations than this wait. */
  limit: number;
  stop(): Promise<void>;
}

/** Longer than a minute, so that those which the sweeper's clock wakes stay: to start them each time would cost more than to keep them. */
const IDLE_MS = 90_000;
/**
 * An event waits for a busy environment as long as the last start of another took, so that what waiting costs is at most what it saves;
 * where the processors are busy already, it waits for `CROWDED_MS`: one more would only take from the others, and starts by
 * itself take more than many an event. No longer, for what an event waits its caller waits, and a launch is a dozen of them.
 */
const FIRST_START_MS = 150;
const CROWDED_MS = 2000;
/** The processors are busy where environments want this share of them; the engines and the front want the rest. */
const BUSY_SHARE = 0.75;
/** Or where this process takes this share: environments, front and SQS. DynamoDB and the agents are processes of their own, which take the rest. */
const TAKEN_SHARE = 0.6;
const SAMPLE_MS = 100;
const MAX_PAYLOAD = 6 * 1024 * 1024;

export function startFunctions(specs: FunctionSpec[], settings: EnvironmentSettings & { limit?: number; around?: AroundInvoke }): FunctionHost {
  const limit = settings.limit ?? 10;
  let sampled = performance.now();
  let spent = process.cpuUsage();
  let crowded = false;
  /** Whether the processors are busy already, so that another environment would only take from those that run. */
  const isCrowded = () => {
    const passed = performance.now() - sampled;
    if (passed < SAMPLE_MS) return crowded;
    const { user, system } = process.cpuUsage(spent);
    const wanted = [...pools.values()].reduce((sum, each) => sum + each.workload(), 0);
    crowded = wanted >= availableParallelism() * BUSY_SHARE || (user + system) / 1000 >= passed * availableParallelism() * TAKEN_SHARE;
    sampled += passed;
    spent = process.cpuUsage();
    return crowded;
  };
  const pools: Map<string, Pool> = new Map(specs.map((spec) => [spec.name, pool(spec, settings, limit, isCrowded)]));
  const poolOf = (name: string) => {
    const found = pools.get(name);
    if (!found) throw new Error(`there is no function ${name}`);
    return found;
  };
  const sweep = setInterval(() => pools.forEach((each) => each.endIdle(IDLE_MS)), 15_000).unref();

  return {
    limit,
    has: (name) => pools.has(name),
    allTaken: (name) => poolOf(name).allTaken(),
    warm: (name) => poolOf(name).warm(),
    async invoke(name, event, source = 'direct') {
      const target = poolOf(name);
      const next = (changed: unknown) => run(target, changed);
      return settings.around ? settings.around({ function: name, source, event }, next) : next(event);
    },
    environments: () => Object.fromEntries([...pools].map(([name, { size }]) => [name, size()]).filter(([, size]) => size)),
    async stop() {
      clearInterval(sweep);
      await Promise.all([...pools.values()].map((each) => each.stop()));
    },
  };
}

async function run(target: Pool, event: unknown): Promise<Outcome> {
  const payload = JSON.stringify(event ?? null);
  if (payload.length > MAX_PAYLOAD) return failed('RequestEntityTooLargeException', 'the event is larger than 6 MB');
  const answer = await target.invoke(payload);
  if ('error' in answer) return answer;
  if ((answer.payload?.length ?? 0) + (answer.body?.length ?? 0) > MAX_PAYLOAD) return failed('Function.ResponseSizeTooLarge', 'the answer is larger than 6 MB');
  const result = answer.payload === undefined ? null : JSON.parse(answer.payload);
  return { result: answer.body === undefined ? result : { ...result, body: answer.body } };
}

const failed = (errorType: string, errorMessage: string): Outcome => ({ error: { errorType, errorMessage, trace: [] } });

type Pool = ReturnType<typeof pool>;

/** A function's environments: one per event at a time, the one used last first, so that the others grow idle and end. */
function pool(spec: FunctionSpec, settings: EnvironmentSettings, limit: number, isCrowded: () => boolean) {
  const all = new Set<Environment>();
  const idle: Environment[] = [];
  const waiting: { payload: string; since: number; resolve: (answer: Answer) => void }[] = [];
  let taken: PromiseWithResolvers<void> | undefined;
  let startMs = FIRST_START_MS;
  let starting = false;
  let planned = false;
  let stopped = false;

  function nextWaiting() {
    const next = waiting.shift();
    if (waiting.length === 0) {
      taken?.resolve();
      taken = undefined;
    }
    return next;
  }
  function free(environment: Environment) {
    const next = nextWaiting();
    if (next) void serve(environment, next.payload).then(next.resolve);
    else idle.push(environment);
  }
  async function serve(environment: Environment, payload: string) {
    const answer = await environment.invoke(payload);
    if (environment.alive) free(environment);
    return answer;
  }
  function start() {
    const environment = startEnvironment(spec, settings);
    all.add(environment);
    starting = true;
    const began = performance.now();
    void environment.ready.then(async (loaded) => {
      starting = false;
      startMs = performance.now() - began;
      if (loaded) free(environment);
      else refuse(await environment.ended);
      grow();
    });
    void environment.ended.then(() => {
      all.delete(environment);
      if (idle.includes(environment)) idle.splice(idle.indexOf(environment), 1);
      grow();
    });
  }
  /** Starts another environment, one at a time, for the event that has waited longest, once it has waited enough. */
  function grow() {
    if (stopped || starting || planned || waiting.length === 0 || all.size >= limit) return;
    if (all.size === 0) return start();
    const waited = performance.now() - waiting[0]!.since;
    if (waited >= (isCrowded() ? Math.max(startMs, CROWDED_MS) : startMs)) return start();
    planned = true;
    setTimeout(() => {
      planned = false;
      grow();
    }, Math.max(SAMPLE_MS, startMs - waited));
  }
  /** An environment that could not load takes one waiting event with it. */
  function refuse(failure: FunctionError | undefined) {
    nextWaiting()?.resolve({ error: failure ?? { errorType: 'Runtime.ExitError', errorMessage: 'the environment ended', trace: [] } });
  }

  return {
    size: () => all.size,
    workload: () => [...all].reduce((sum, each) => sum + each.workload(), 0),
    warm: () => { if (all.size === 0 && !stopped) start(); },
    invoke(payload: string): Promise<Answer> {
      if (stopped) return Promise.resolve({ error: { errorType: 'ServiceException', errorMessage: 'the cloud is stopping', trace: [] } });
      let environment = idle.pop();
      while (environment && !environment.alive) environment = idle.pop();
      if (environment) return serve(environment, payload);
      return new Promise((resolve) => {
        waiting.push({ payload, since: performance.now(), resolve });
        grow();
      });
    },
    allTaken: () => (waiting.length === 0 ? Promise.resolve() : (taken ??= Promise.withResolvers()).promise),
    endIdle(after: number) {
      for (const environment of idle.filter(({ lastUsed }) => Date.now() - lastUsed > after)) {
        idle.splice(idle.indexOf(environment), 1);
        environment.end();
      }
    },
    async stop() {
      stopped = true;
      for (let event = nextWaiting(); event; event = nextWaiting()) event.resolve({ error: { errorType: 'ServiceException', errorMessage: 'the cloud is stopping', trace: [] } });
      const running = [...all];
      running.forEach((environment) => environment.end());
      await Promise.all(running.map(({ ended }) => ended));
    },
  };
}
