import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { backoff } from '../../backoff.ts';

const POLL_MS = 20_000;
const SETTLE_MS = 50; // an end comes as several events

/**
 * Calls `look` whenever something may have happened to a domain: as libvirt tells it, and every 20 s in case that it can't. Never two
 * at once. `look` must not throw.
 */
export function watchDomains(uri: string, look: () => Promise<void>) {
  let child: ChildProcess | undefined;
  let failures = 0;
  let asked = false;
  let looking = false;
  let stopped = false;
  const timers = new Set<NodeJS.Timeout>();

  const later = (ms: number, act: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms).unref();
    timers.add(timer);
  };

  async function ask(): Promise<void> {
    asked = true;
    if (looking) return;
    looking = true;
    while (asked && !stopped) {
      asked = false;
      await look();
    }
    looking = false;
  }

  function listen(): void {
    if (stopped) return;
    const began = Date.now();
    child = spawn('virsh', ['-q', '-c', uri, 'event', '--loop', '--event', 'lifecycle', '--timestamp'], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, LC_ALL: 'C' } });
    child.unref();
    createInterface({ input: child.stdout! }).on('line', () => later(SETTLE_MS, () => void ask()));
    (child.stdout as unknown as { unref?(): void }).unref?.();
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      failures = Date.now() - began > POLL_MS ? 1 : failures + 1;
      void ask();
      later(backoff(failures), listen);
    };
    child.once('error', end).once('exit', end);
  }

  const poll = setInterval(() => void ask(), POLL_MS).unref();
  listen();
  void ask();
  const endChild = () => child?.kill();
  process.once('exit', endChild);
  return {
    stop(): void {
      stopped = true;
      clearInterval(poll);
      for (const timer of timers) clearTimeout(timer);
      process.off('exit', endChild);
      child?.kill();
    },
  };
}
