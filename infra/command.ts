import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const cdk = resolve(import.meta.dirname, '../node_modules/aws-cdk/bin/cdk');

/**
 * Runs the pinned CDK command line, showing what it does. Throws where it fails, or is not done within `seconds`.
 * @param show called with every line of its output
 */
export function runCdk(args: string[], { environment, seconds, show }: { environment: NodeJS.ProcessEnv; seconds: number; show: (line: string) => void }): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [cdk, ...args], {
      cwd: resolve(import.meta.dirname, '..'),
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own: the app and esbuild end with it
    });
    const last: string[] = [];
    const lines = (text: string) => {
      for (const line of text.split('\n').filter((each) => each.trim())) {
        last.push(line);
        if (last.length > 40) last.shift();
        show(line);
      }
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', lines);
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      process.kill(-child.pid!, 'SIGKILL');
    }, seconds * 1000);
    child.on('error', failed);
    child.on('close', (code) => {
      clearTimeout(limit);
      if (code === 0) done();
      else failed(new Error(`cdk ${args[0]} ${late ? `was not done within ${seconds} s` : `failed (${code})`}\n${last.join('\n')}`));
    });
  });
}

/** Runs the pinned CDK command line in the terminal of this program: it shows its progress, and asks, itself. Throws where it fails. */
export function showCdk(args: string[], environment: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [cdk, ...args], { cwd: resolve(import.meta.dirname, '..'), env: environment, stdio: 'inherit' });
    process.on('SIGINT', () => {}); // the terminal tells the CDK as well, which ends by itself
    child.on('error', failed);
    child.on('close', (code) => (code === 0 ? done() : failed(new Error(`cdk ${args[0]} did not succeed; what it says above tells why. It may be tried again.`))));
  });
}
