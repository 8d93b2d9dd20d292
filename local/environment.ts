import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FunctionSpec } from './functions.ts';
import type { Answer, FunctionError, Invocation } from './runtime.ts';

export interface EnvironmentSettings {
  /** Where the engines are, and credentials, for the AWS SDK in the function. */
  aws: Record<string, string>;
  logFolder: string;
  /** See runtime-file.ts. */
  runtime: URL;
  cacheFolder?: string;
}

/** One execution environment of a function: module state of its own, one event at a time. */
export interface Environment {
  /** Resolves with true once the module is loaded, with false if the environment ended before. */
  ready: Promise<boolean>;
  /** False from the moment that it is known to end. */
  alive: boolean;
  /** Resolves when the environment has ended, however. */
  ended: Promise<FunctionError | undefined>;
  invoke(payload: string): Promise<Answer>;
  end(): void;
  lastUsed: number;
  /** The share of the time since it was last asked in which it was at work, or wanted to be: 0 to 1. While it loads, 1. */
  workload(): number;
}

const INIT_SECONDS = 60; // Lambda's are 10, and then the function's timeout once more; a laptop may be busy

export function startEnvironment(spec: FunctionSpec, settings: EnvironmentSettings): Environment {
  const [file, handler] = spec.handler.split('.') as [string, string];
  const variables = { ...reserved(spec), ...settings.aws, ...spec.environment };
  const worker = new Worker(settings.runtime, {
    workerData: { file: join(spec.folder, `${file}.mjs`), handler, log: join(settings.logFolder, `${spec.name}.log`), cache: settings.cacheFolder },
    env: variables,
    execArgv: ['--disable-warning=ExperimentalWarning', ...(variables['NODE_OPTIONS']?.split(' ').filter((option) => option === '--enable-source-maps') ?? [])],
    resourceLimits: { maxOldGenerationSizeMb: spec.memory, maxYoungGenerationSizeMb: 8 },
    stdin: false,
  });

  let failure: FunctionError | undefined;
  let answer: ((answer: Answer) => void) | undefined;
  let timeout = setTimeout(() => fail('Sandbox.Timedout', `the module did not load within ${INIT_SECONDS} seconds`), INIT_SECONDS * 1000);
  const fail = (errorType: string, errorMessage: string) => {
    failure ??= { errorType, errorMessage, trace: [] };
    environment.end();
  };

  let counted = worker.performance.eventLoopUtilization();
  let loaded = false;
  let markReady = (_: boolean) => {};
  const ready = new Promise<boolean>((resolve) => { markReady = resolve; });
  worker.on('message', (message: Answer | { ready: true } | { crash: FunctionError }) => {
    if ('crash' in message) {
      environment.alive = false;
      failure ??= message.crash;
    } else {
      clearTimeout(timeout);
      if ('ready' in message) {
        loaded = true;
        return markReady(true);
      }
      answer?.(message);
    }
  });
  worker.on('error', (error: Error & { code?: string }) => {
    failure ??= error.code === 'ERR_WORKER_OUT_OF_MEMORY'
      ? { errorType: 'Runtime.ExitError', errorMessage: `Runtime exited with error: signal: killed (memory limit of ${spec.memory} MB)`, trace: [] }
      : { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] };
  });
  const ended = new Promise<FunctionError | undefined>((resolve) => {
    worker.once('exit', (code) => {
      clearTimeout(timeout);
      environment.alive = false;
      markReady(false);
      answer?.({ error: failure ?? { errorType: 'Runtime.ExitError', errorMessage: `Runtime exited with error: exit status ${code}`, trace: [] } });
      resolve(failure);
    });
  });

  const environment: Environment = {
    ready, ended,
    alive: true,
    lastUsed: Date.now(),
    workload() {
      if (!loaded) return 1;
      const now = worker.performance.eventLoopUtilization();
      const { utilization } = worker.performance.eventLoopUtilization(now, counted);
      counted = now;
      return utilization;
    },
    end() {
      environment.alive = false;
      void worker.terminate();
    },
    invoke(payload) {
      return new Promise((resolve) => {
        const requestId = randomUUID();
        answer = (result) => {
          answer = undefined;
          environment.lastUsed = Date.now();
          resolve(result);
        };
        timeout = setTimeout(() => fail('Sandbox.Timedout', `RequestId: ${requestId} Error: Task timed out after ${spec.timeout.toFixed(2)} seconds`), spec.timeout * 1000);
        const traceId = `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomUUID().replaceAll('-', '').slice(0, 24)};Sampled=0`;
        worker.postMessage({ requestId, functionArn: spec.arn, payload, deadline: Date.now() + spec.timeout * 1000, traceId } satisfies Invocation);
      });
    },
  };
  return environment;
}

/** The variables that Lambda sets for every function. Nothing of our own process's environment is among them. */
function reserved({ name, memory, folder, handler }: FunctionSpec): Record<string, string> {
  return {
    AWS_LAMBDA_FUNCTION_NAME: name, AWS_LAMBDA_FUNCTION_VERSION: '$LATEST', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`, AWS_LAMBDA_LOG_STREAM_NAME: 'local', AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x', LAMBDA_TASK_ROOT: folder, _HANDLER: handler, TZ: 'UTC', LANG: 'en_US.UTF-8', PATH: '/usr/local/bin:/usr/bin:/bin',
  };
}
