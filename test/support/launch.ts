import { join } from 'node:path';
import type { Step } from '../../shared/telemetry/steps.ts';
import { runProgram } from './clients.ts';

/** The steps of a server's launch, as `npm run launch -- show SERVER --json` prints them. */
export async function launchSteps({ dataDir }: { dataDir: string }, server: string): Promise<Step[]> {
  const program = join(import.meta.dirname, '../../local/launch.ts');
  const { code, out, err } = await runProgram(process.execPath, ['--disable-warning=ExperimentalWarning', program, 'show', server, '--json', '--data', dataDir], {});
  if (code !== 0) throw new Error(`npm run launch: ${err}`);
  return JSON.parse(out) as Step[];
}
