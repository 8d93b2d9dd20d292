import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newest } from './newest.ts';

interface Thing { at: string | undefined; id: number }
const rank = ({ at }: Thing) => at;
const later = (a: Thing, b: Thing) => ((a.at ?? '') === (b.at ?? '') ? b.id - a.id : (a.at ?? '') < (b.at ?? '') ? 1 : -1);

/** A walk over these as an index would have them, `size` at a time; counts what it handed out. */
function walked(things: Thing[], size: number) {
  const walk = { read: 0, iterator: undefined as unknown as AsyncGenerator<Thing[], undefined> };
  walk.iterator = (async function* () {
    for (let i = 0; i < things.length; i += size) {
      walk.read += Math.min(size, things.length - i);
      yield things.slice(i, i + size);
    }
    return undefined;
  })();
  return walk;
}

const moments = fc.array(fc.array(fc.integer({ min: 10, max: 30 }).map(String), { maxLength: 30 }), { minLength: 1, maxLength: 5 });

test('what is found begins as everything together would, however it is spread, cut and tied', async () => {
  await fc.assert(fc.asyncProperty(moments, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 40 }), async (spread, size, wanted) => {
    let id = 0;
    const things = spread.map((ats) => ats.map((at): Thing => ({ at, id: id++ })).sort((a, b) => (a.at! < b.at! ? 1 : -1)));
    const found = await newest(things.map((each) => walked(each, size).iterator), { wanted, rank });
    const all = things.flat().sort(later);
    assert.deepEqual(found.sort(later).slice(0, wanted), all.slice(0, wanted));
  }));
});

test('items without a rank come last, wherever they lie: nobody takes them for newer ones', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.option(fc.integer({ min: 10, max: 30 }).map(String), { nil: undefined }), { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 40 }), async (ats, size, wanted) => {
    const ranked = ats.filter((at) => at !== undefined).sort().reverse();
    const things = ats.map((at, id): Thing => ({ at: at && ranked.shift(), id }));
    const found = await newest([walked(things, size).iterator], { wanted, rank });
    assert.deepEqual(found.sort(later).slice(0, wanted), [...things].sort(later).slice(0, wanted));
  }));
});

test('of many, as many are read as are wanted, and not one walk further for what another holds', async () => {
  const many = (from: number) => Array.from({ length: 1000 }, (_, i): Thing => ({ at: String(900_000 - from - i), id: from + i }));
  const [young, old] = [walked(many(0), 10), walked(many(50_000), 10)];
  assert.equal((await newest([young.iterator, old.iterator], { wanted: 20, rank })).length >= 20, true);
  assert.deepEqual([young.read, old.read], [30, 10]);
});

test('those that do not count are found on the way, and more is read for those that do', async () => {
  const things = Array.from({ length: 100 }, (_, i): Thing => ({ at: String(900 - i), id: i }));
  const found = await newest([walked(things, 10).iterator], { wanted: 5, rank, counts: ({ id }) => id >= 30 });
  assert.equal(found.filter(({ id }) => id >= 30).length >= 5, true);
  assert.equal(found.length < 60, true);
});
