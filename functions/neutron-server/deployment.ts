import { type FunctionDeclaration, type Grant, without } from '../../shared/deployment/declaration.ts';

const table = {
  table: 'neutron',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
} satisfies Grant;

export const neutronServer: FunctionDeclaration[] = [
  {
    name: 'neutron-server',
    entry: 'functions/neutron-server/http.ts',
    memory: 1024,
    timeout: 29,
    routes: ['ANY /network', 'ANY /network/{proxy+}'],
    uses: [table, { send: 'neutron-server' }, { invoke: 'keystone-validate' }],
  },
  { name: 'neutron-server-rpc', entry: 'functions/neutron-server/rpc.ts', queue: 'neutron-server', uses: [without(table, 'dynamodb:ConditionCheckItem'), { send: 'neutron-server' }, { send: 'nova-compute' }] },
  { name: 'neutron-sweep', entry: 'functions/neutron-server/refresh/sweep.ts', timeout: 60, swept: true, uses: [without(table, 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'), { send: 'neutron-server' }] },
];
