import type { FunctionDeclaration, Grant } from '../../shared/deployment/declaration.ts';

const table: Grant = {
  table: 'cinder',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
};
const uses: Grant[] = [table, { send: 'nova-compute' }, { send: 'cinder-volume' }, { parameter: 'service-token/cinder', actions: ['ssm:GetParameter'] }];

export const cinderApi: FunctionDeclaration[] = [
  { name: 'cinder-api', entry: 'functions/cinder-api/http.ts', memory: 1024, timeout: 29, routes: ['ANY /volume', 'ANY /volume/{proxy+}'], uses },
  { name: 'cinder-volume', entry: 'functions/cinder-api/rpc.ts', queue: 'cinder-volume', uses },
  { name: 'cinder-sweep', entry: 'functions/cinder-api/sweep.ts', timeout: 60, swept: true, uses },
];
