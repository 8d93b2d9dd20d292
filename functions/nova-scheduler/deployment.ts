import type { FunctionDeclaration } from '../../shared/deployment/declaration.ts';

export const novaScheduler: FunctionDeclaration[] = [
  {
    name: 'nova-scheduler',
    entry: 'functions/nova-scheduler/rpc.ts',
    memory: 1024,
    queue: 'nova-scheduler',
    uses: [
      { table: 'nova', actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'] },
      { send: 'nova-api' },
      { send: 'nova-compute' },
      { send: 'nova-conductor' },
      { publishEvents: true },
    ],
  },
];
