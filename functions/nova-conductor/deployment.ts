import type { FunctionDeclaration, Grant } from '../../shared/deployment/declaration.ts';

const table = {
  table: 'nova',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
} satisfies Grant;

export const novaConductor: FunctionDeclaration[] = [
  {
    name: 'nova-conductor',
    entry: 'functions/nova-conductor/rpc.ts',
    queue: 'nova-conductor',
    uses: [table, { send: 'nova-compute' }, { send: 'nova-conductor' }, { publishEvents: true }],
  },
  { name: 'nova-conductor-heartbeats', entry: 'functions/nova-conductor/heartbeats.ts', queue: 'host-heartbeats', uses: [table, { send: 'cinder-volume' }, { send: 'nova-compute' }, { publishEvents: true }] },
  {
    name: 'nova-conductor-sweep',
    entry: 'functions/nova-conductor/sweep.ts',
    timeout: 60,
    swept: true,
    uses: [{ ...table, actions: table.actions.filter((action) => action !== 'dynamodb:ConditionCheckItem') }, { send: 'nova-compute' }, { send: 'nova-scheduler' }, { publishEvents: true }],
  },
];
