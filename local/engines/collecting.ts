import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void;

const STEP = 8 * 1024 * 1024;
const MINOR_STEPS = 16;

/**
 * Passes a long stream's bytes on, and has those that went before freed. Left to itself, V8 lets 64 MB of buffers pile up
 * in each thread before it looks, as it counts their small handles and not their bytes.
 */
export async function* collecting(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let passed = 0;
  let steps = 0;
  for await (const piece of source) {
    yield piece;
    passed += piece.length;
    if (passed < STEP) continue;
    passed = 0;
    collect({ type: ++steps % MINOR_STEPS ? 'minor' : 'major' });
  }
}
