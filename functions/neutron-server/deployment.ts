import type { FunctionDeclaration } from '../../shared/deployment/declaration.ts';

export const neutronServer: FunctionDeclaration[] = [
  {
    name: 'neutron-server',
    entry: 'functions/neutron-server/http.ts',
    memory: 1024,
    timeout: 29,
    routes: ['ANY /network', 'ANY /network/{proxy+}'],
    uses: [
      {
        table: 'neutron',
        actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'],
      },
    ],
  },
];
