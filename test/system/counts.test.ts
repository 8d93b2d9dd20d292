import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { bill, sum } from '../bench/cost.ts';
import { count, type Asked, type Counted } from '../bench/counts.ts';
import { prices } from '../bench/prices.ts';

/** What a launch may ask of AWS: a little above what it asks for. Whoever lowers it lowers this; whoever needs more says why. */
const ceiling = { dynamodb: 28, write_units: 180, sqs_messages: 8.5, sqs_requests: 8.5, ssm: 1, s3: 1, events: 2, http: 9, invocations: 17 };

let counted: Counted;
before(async () => { counted = await count({ launches: 4, servers: 30, heartbeats: false }); }, { timeout: 240_000 });

test('a launch does not come to ask more of AWS than it did', (t) => {
  const { by_name, ...asked } = counted.perLaunch;
  t.diagnostic(`measured: a launch: ${shown(asked)}; $${sum(bill(asked, prices('us-east-1'), 1e6)).toFixed(0)} a million`);
  const above = Object.entries(ceiling).filter(([name, most]) => asked[name as keyof Asked] > most).map(([name, most]) => `${name}: ${asked[name as keyof Asked]}, not ${most} at most`);
  assert.deepEqual(above, [], JSON.stringify(by_name, null, 2));
});

test('lists and single servers ask no more of AWS where a project has ten times the servers, but for the pages of their records', (t) => {
  for (const [call, { dynamodb, billed_ms }] of Object.entries(counted.besides.per_call)) {
    const grown = counted.grown[call]!;
    t.diagnostic(`measured: ${call}: ${dynamodb} requests in ${billed_ms} ms, of ten times the servers ${grown.dynamodb} in ${grown.billed_ms} ms`);
    assert.ok(dynamodb <= 2, `${call}: ${dynamodb} requests`);
    assert.ok(grown.dynamodb <= dynamodb, `${call}: ${grown.dynamodb} requests where ${dynamodb} were enough`);
  }
});

test('the sweeper asks little while there is nothing to do, and writes nothing', (t) => {
  const { dynamodb, read_units, write_units, sqs_requests } = counted.besides.per_sweep;
  t.diagnostic(`measured: a minute: ${dynamodb} requests to DynamoDB, ${read_units} read units, ${write_units} write units`);
  assert.ok(dynamodb <= 70, `${dynamodb} requests`);
  assert.ok(write_units <= 2 && sqs_requests === 0, `${write_units} write units, ${sqs_requests} messages`);
});

const shown = (asked: Asked) => Object.entries(asked).map(([name, value]) => `${name} ${Math.round(value * 10) / 10}`).join(', ');
