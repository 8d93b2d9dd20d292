import type { FunctionDeclaration, Grant } from '../../shared/deployment/declaration.ts';

const table: Grant = {
  table: 'keystone',
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
};
const reads: Grant = { table: 'keystone', actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'] };

export const keystone: FunctionDeclaration[] = [
  // The login alone pays for the memory-hard password hash.
  { name: 'keystone-login', entry: 'functions/keystone/login.ts', memory: 1024, routes: ['POST /identity/v3/auth/tokens'], uses: [reads] },
  {
    name: 'keystone-validate',
    entry: 'functions/keystone/validate.ts',
    routes: ['GET /identity/v3/auth/tokens', 'HEAD /identity/v3/auth/tokens', 'DELETE /identity/v3/auth/tokens'],
    uses: [reads, { table: 'keystone', actions: ['dynamodb:PutItem'] }],
  },
  { name: 'keystone', entry: 'functions/keystone/api.ts', memory: 1024, routes: ['ANY /', 'ANY /identity', 'ANY /identity/{proxy+}'], uses: [table] },
  // Called by an operator, as keystone-manage is: bootstrap.
  { name: 'keystone-manage', entry: 'functions/keystone/manage.ts', memory: 1024, timeout: 60, uses: [table, { parameter: 'service-token/*', actions: ['ssm:PutParameter'] }] },
  { name: 'keystone-sweep', entry: 'functions/keystone/sweep.ts', timeout: 60, swept: true, uses: [table, { parameter: 'service-token/*', actions: ['ssm:PutParameter'] }] },
];
