/** A deployment stands still: no function of it runs, nothing is lost meanwhile, and all is as before when it ends. */
import {
  DeleteFunctionConcurrencyCommand, GetEventSourceMappingCommand, GetFunctionConcurrencyCommand, GetFunctionConfigurationCommand, LambdaClient,
  paginateListEventSourceMappings, PutFunctionConcurrencyCommand, UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './target.ts';

/** What was so before: each function's set-aside executions, and the mappings that were enabled. */
interface Before { reserved: Record<string, number | null>; mappings: string[] }

export type Standstill = ReturnType<typeof standstill>;

/** `begin` stops the functions, and remembers in the target's folder what was so; so an `end` is possible from another process. */
export function standstill({ settings, folder }: Pick<Target, 'settings' | 'folder'>, functions: string[]) {
  const lambda = new LambdaClient(settings);
  const file = join(folder, 'standstill.json');
  const remembered = (): Before | undefined => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Before) : undefined);

  async function look(): Promise<Before> {
    const before: Before = { reserved: {}, mappings: [] };
    for (const FunctionName of functions) {
      before.reserved[FunctionName] = (await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }))).ReservedConcurrentExecutions ?? null;
      for await (const { EventSourceMappings = [] } of paginateListEventSourceMappings({ client: lambda }, { FunctionName })) {
        for (const { UUID, State } of EventSourceMappings) if (State === 'Enabled' || State === 'Enabling') before.mappings.push(UUID!);
      }
    }
    return before;
  }

  async function setMapping(UUID: string, Enabled: boolean): Promise<void> {
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
    while ((await lambda.send(new GetEventSourceMappingCommand({ UUID }))).State !== (Enabled ? 'Enabled' : 'Disabled')) await sleep(1_000);
  }

  /** The longest that any of them may run, in ms. */
  async function longest(): Promise<number> {
    const seconds = await Promise.all(functions.map(async (FunctionName) => (await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).Timeout ?? 0));
    return Math.max(0, ...seconds) * 1000;
  }

  return {
    /** From now on none begins. Returns in how many ms the last that runs yet, which may write until then, has ended. */
    async begin(): Promise<number> {
      const before = remembered() ?? (await look());
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(file, JSON.stringify(before), { mode: 0o600 });
      // The mappings first: a message that meets a stopped function counts as received, and after some of these it would be given up.
      await Promise.all(before.mappings.map((mapping) => setMapping(mapping, false)));
      for (const FunctionName of functions) await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
      return longest();
    },
    async end(): Promise<void> {
      const before = remembered();
      if (!before) return;
      for (const [FunctionName, reserved] of Object.entries(before.reserved)) {
        if (reserved === null) await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
        else await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: reserved }));
      }
      await Promise.all(before.mappings.map((mapping) => setMapping(mapping, true)));
      rmSync(file);
    },
  };
}
