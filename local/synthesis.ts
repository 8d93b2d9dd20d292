import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const cache = join(root, 'dist/deployments');
const KEPT = 3;

/**
 * The path of the synthesized template of the sources as they are now, with the functions' bundles and the agent beside it. It is made
 * anew only when a source or the lock file has changed: that takes seconds, and in a process of its own, for the memory.
 */
export async function synthesized(): Promise<string> {
  const folder = join(cache, sourceHash());
  const template = join(folder, 'assembly/Novaless.template.json');
  if (existsSync(template)) return template;
  const making = `${folder}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  try {
    const command = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'synthesize.ts'), making];
    const env = { ...process.env, CDK_VALIDATION: 'false' }; // CloudFormation's own rules take seconds: tests and deployments check them
    await promisify(execFile)(process.execPath, command, { cwd: root, env }).catch((error) => {
      throw new Error(`the functions or the template could not be built:\n${error.stderr || error.message}`);
    });
    try {
      renameSync(making, folder);
    } catch (error) {
      if (!existsSync(template)) throw error; // else another start made the same meanwhile
    }
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  forgetOld();
  return template;
}

/** The agent in one file, as hosts have it, beside such a template. Run from its sources it takes half as much memory again, and longer to start. */
export const agentBeside = (templateFile: string): string => join(templateFile, '../../agent/lib/novaless-agent.mjs');

function sourceHash() {
  const hash = createHash('sha256').update(process.version);
  const files = globSync(['{functions,shared,infra}/**/*.{ts,sh}', 'agent/**/*.*', 'local/synthesize.ts', 'package-lock.json'], { cwd: root }).filter((file) => !file.endsWith('.test.ts')).sort();
  for (const file of files) hash.update(file).update('\0').update(readFileSync(join(root, file))).update('\0');
  return hash.digest('hex').slice(0, 16);
}

function forgetOld() {
  const age = (name: string) => statSync(join(cache, name)).mtimeMs;
  const finished = readdirSync(cache).filter((name) => !name.includes('.')).sort((a, b) => age(b) - age(a));
  for (const name of finished.slice(KEPT)) if (Date.now() - age(name) > 3_600_000) rmSync(join(cache, name), { recursive: true, force: true });
}
