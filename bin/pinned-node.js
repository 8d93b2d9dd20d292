// Runs a TypeScript file of the project with the Node that the project pins, whatever Node the machine has.
// usage: node bin/pinned-node.js FILE [ARG ...]
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const NEEDED = 24; // runs TypeScript as it stands, and is what the functions run on when deployed

export function pinnedNode() {
  const require = createRequire(import.meta.url);
  try {
    return require.resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    if (Number(process.versions.node.split('.')[0]) >= NEEDED) return process.execPath;
    console.error(`Novaless needs Node ${NEEDED} or newer on ${process.platform}/${process.arch}: no packaged one exists for it.`);
    process.exit(1);
  }
}

const node = pinnedNode();
// Where it is ours and so known to have it: an isolate that rests collects its garbage once, not twice, and a resting cloud is a dozen of them.
const resting = node === process.execPath ? [] : ['--memory-reducer-gc-count=1'];
const args = ['--disable-warning=ExperimentalWarning', ...resting, ...process.argv.slice(2)];
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../dist/compile-cache', import.meta.url)); // types are taken off once
// A function environment is a thread, and glibc gives each thread a heap of its own and keeps what is freed: a fifth of all memory.
process.env.MALLOC_ARENA_MAX ??= '2';
process.env.MALLOC_TRIM_THRESHOLD_ ??= '131072';
// Where this Node can, it becomes the other one; else it stays as a parent, whose end the child may look for.
process.execve?.(node, ['node', ...args], process.env);
const child = spawn(node, args, { stdio: 'inherit', env: { ...process.env, PINNED_NODE_PARENT: String(process.pid) } });
// The terminal sends Ctrl-C to the child as well; here we only stay until it has stopped everything.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : code));
