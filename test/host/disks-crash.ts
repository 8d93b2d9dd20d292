/**
 * Does all that a host's disks can do, and is killed just before the n-th effect on a file, or just after the n-th program was started.
 * Tells of each part that was done; the parent looks at what is there then.
 * usage: disks-crash.ts FOLDER N ARGS_FILE
 */
import childProcess from 'node:child_process';
import fs, { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [folder, at, argsFile] = process.argv.slice(2) as [string, string, string];
let step = 0;
const count = () => {
  if (++step === Number(at)) process.kill(process.pid, 'SIGKILL');
};
function counted(owner: Record<string, any>, names: string[]): void {
  for (const name of names) {
    const real = owner[name] as (...args: unknown[]) => unknown;
    owner[name] = function (this: unknown, ...args: unknown[]) {
      count();
      return real.apply(this, args);
    };
  }
}
const probe = await fs.promises.open(import.meta.filename, 'r');
counted(Object.getPrototypeOf(probe) as Record<string, any>, ['truncate', 'chown', 'sync', 'write']);
await probe.close();
counted(fs.promises as Record<string, any>, ['chmod', 'chown', 'copyFile', 'link', 'mkdir', 'open', 'rename', 'rm', 'truncate', 'writeFile']);
counted(fs as Record<string, any>, ['mkdirSync']);
const { spawn } = childProcess;
(childProcess as Record<string, any>)['spawn'] = (...args: Parameters<typeof spawn>) => {
  count();
  const child = spawn(...args);
  count();
  return child;
};
syncBuiltinESMExports();

const { everything } = await import('./disks-everything.ts');
await everything(folder, JSON.parse(readFileSync(argsFile, 'utf8')), (part) => fs.writeSync(1, `${part}\n`));
fs.writeSync(1, `steps ${step}\n`);
process.exit(0);
