import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/**
 * A foreign program that must not outlive us, not even when we are killed with -9: a shell waits at our end of a pipe
 * and kills the program when the pipe closes. It has a session of its own, so that Ctrl-C reaches only us and we decide the order.
 */
export function spawnBound(command: string, args: string[], options: { log: string; cwd?: string; env?: NodeJS.ProcessEnv }): ChildProcess {
  const guard = 'exec 3<&0; "$@" </dev/null 3<&- & program=$!; (read -r _ <&3; kill -9 $program 2>/dev/null) & guard=$!; wait $program; code=$?; kill $guard 2>/dev/null; exit $code';
  const log = openSync(options.log, 'a', 0o600);
  const child = spawn('/bin/sh', ['-c', guard, 'guard', command, ...args], { stdio: ['pipe', log, log], detached: true, cwd: options.cwd, env: options.env });
  closeSync(log);
  child.stdin?.on('error', () => {}); // it ended first
  return child;
}

export interface Engine {
  endpoint: string;
  stop(): Promise<void>;
  /** Of an engine that is a process: its guard's, whose process group it leads. */
  pid?: () => number;
}

/** Runs `start` again after each unexpected end, so that an engine's crash costs moments. Its data is on disk. */
export function keepRunning(start: () => { ended: Promise<unknown>; kill: () => void }) {
  let stopping = false;
  let current = start();
  const loop = (async () => {
    for (;;) {
      const began = Date.now();
      await current.ended;
      if (stopping) return;
      await new Promise((done) => setTimeout(done, Date.now() - began < 5000 ? 1000 : 50));
      if (stopping) return;
      current = start();
    }
  })();
  return {
    async stop() {
      stopping = true;
      current.kill();
      await Promise.race([loop, new Promise((done) => setTimeout(done, 3000).unref())]);
    },
  };
}
