import { type FunctionDeclaration, type Grant, without } from '../../shared/deployment/declaration.ts';

const table = {
  table: 'cinder',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
} satisfies Grant;
const compute: Grant = { send: 'nova-compute' };
const token: Grant = { parameter: 'service-token/cinder', actions: ['ssm:GetParameter'] };
const less = without(table, 'dynamodb:ConditionCheckItem');

export const cinderApi: FunctionDeclaration[] = [
  { name: 'cinder-api', entry: 'functions/cinder-api/http.ts', memory: 1024, timeout: 29, routes: ['ANY /volume', 'ANY /volume/{proxy+}'], uses: [table, compute, token, { invoke: 'keystone-validate' }, { invoke: 'glance-api' }, { invoke: 'nova-api' }] },
  { name: 'cinder-volume', entry: 'functions/cinder-api/rpc.ts', queue: 'cinder-volume', uses: [less, compute] },
  { name: 'cinder-sweep', entry: 'functions/cinder-api/sweep.ts', timeout: 60, swept: true, uses: [less, compute] },
];
