import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, resolve } from 'node:path';

/** A program ended with an error, or could not be started; the message has its last line of complaint. */
export class CommandFailed extends Error {
  override name = 'CommandFailed';
  readonly stderr: string;
  readonly code: number | null;
  /** ENOENT: the program is not installed. */
  readonly errno: string | undefined;
  constructor(program: string, { stderr = '', code = null, errno, cause }: { stderr?: string; code?: number | null; errno?: string | undefined; cause?: unknown }) {
    const last = stderr.trim().split('\n').at(-1);
    super(`${program}: ${last || (cause instanceof Error ? cause.message : `ended with ${code ?? 'a signal'}`)}`, { cause });
    this.stderr = stderr;
    this.code = code;
    this.errno = errno;
  }
}

export interface RunOptions {
  /** Written to its standard input. */
  input?: string | Buffer;
  /** Ends the program. */
  signal?: AbortSignal;
  /** Default 60 s. */
  timeoutMs?: number;
}

/** A login's or a service's PATH often lacks where programs for administrators are. */
const environment = () => ({ ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin` });

/** Whether `run` would find the program; a path may be given too. */
export function isInstalled(program: string): boolean {
  return environment().PATH.split(delimiter).some((folder) => {
    try {
      accessSync(resolve(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a program without a shell, its words in English, and gives what it wrote. Throws CommandFailed. */
export function run(program: string, args: readonly string[], { input, signal, timeoutMs = 60_000 }: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: environment(), signal, timeout: timeoutMs });
    const output: Buffer[] = [];
    const complaint: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => complaint.push(chunk));
    const fail = (rest: { code?: number | null; errno?: string | undefined; cause?: unknown }) =>
      reject(signal?.aborted ? signal.reason : new CommandFailed(program, { stderr: Buffer.concat(complaint).toString(), ...rest }));
    child.once('error', (cause: NodeJS.ErrnoException) => fail({ cause, errno: cause.code }));
    child.once('close', (code) => (code === 0 ? resolve(Buffer.concat(output).toString()) : fail({ code })));
    child.stdin.on('error', () => {}); // it may end without reading; its exit code tells
    child.stdin.end(input);
  });
}
