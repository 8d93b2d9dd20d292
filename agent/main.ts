/**
 * The program on the hypervisor host.
 * usage: main.ts --config FILE [--exit-with-stdin]
 *        main.ts ring RING_ID [--config FILE]      tells the running agent that commands wait
 *        main.ts check [--json]                    says what this machine lacks for guests of libvirt
 *        main.ts purge [--config FILE]             takes all guests, networks and disks of the hosts away, while no agent runs
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import { AgentConfig } from '../shared/agent/config.ts';
import { factsOf, log } from '../shared/telemetry/log.ts';
import { ring } from './ring.ts';
import { checker } from './schema.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { config: { type: 'string', default: '/etc/novaless/agent.json' }, 'exit-with-stdin': { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
});

function readConfig(file: string): AgentConfig {
  const config: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const problem = checker(AgentConfig)(config);
  if (problem) throw new Error(`${file}: ${problem}`);
  return config as AgentConfig;
}

/** Nothing is under way that a killed agent would not go on with as well, so the end is at once. */
async function serve(): Promise<void> {
  // What nobody foresaw must not end the work of all the other hosts.
  process.on('unhandledRejection', (error) => log.error('unexpected', factsOf(error)));
  const { startAgent } = await import('./agent.ts'); // a ring is quicker without it
  const agent = await startAgent(readConfig(values.config));
  flushCompileCache(); // where there is one: an agent is often killed, and then wouldn't leave it for the next start
  const end = (reason: string) => {
    log.info('agent stops', { reason });
    agent.stop();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, end);
  if (values['exit-with-stdin']) process.stdin.once('close', () => end('the starter is gone')).once('end', () => end('the starter is gone')).resume();
}

async function check(): Promise<void> {
  const { checkHost, lacksInWords } = await import('./check.ts');
  const { lacks, facts } = await checkHost();
  if (values.json) console.log(JSON.stringify({ lacks, facts, ...(lacks.length > 0 && { words: lacksInWords(lacks) }) }));
  else console.log([facts, ...lacks.map((lack) => `missing: ${lacksInWords([lack])}`), ...(lacks.length === 0 ? ['this host has all that guests need'] : [])].filter(Boolean).join('\n'));
  process.exitCode = lacks.length === 0 ? 0 : 1;
}

async function purge(): Promise<void> {
  const config = readConfig(values.config);
  const [{ purge: purgeHosts }, { answers }] = await Promise.all([import('./purge.ts'), import('./ring.ts')]);
  if (await answers(config.ringSocket)) throw new Error(`the agent is running (it listens on ${config.ringSocket}): stop it first`);
  log.info('purged', await purgeHosts(config));
  process.exit(0);
}

const commands: Record<string, () => Promise<void>> = {
  ring: () => ring(readConfig(values.config).ringSocket, { ring: positionals[1] ?? randomUUID() }),
  check,
  purge,
  serve,
};

try {
  const command = commands[positionals[0] ?? 'serve'];
  if (!command) throw new Error(`there is no command ${positionals[0]}; there are ${Object.keys(commands).join(', ')}`);
  await command();
} catch (error) {
  log.error(positionals[0] === 'purge' ? 'the purge is not complete' : 'the agent cannot start', { reason: (error as Error).message });
  process.exit(1);
}
